import { expect, it } from 'vitest'
import { actorOf } from './actor'

it('names who took a step', () => {
  expect(actorOf('staff:3')).toEqual({ kind: 'staff', id: '3' })
  expect(actorOf('staff:0').kind).toBe('key')
  expect(actorOf('wechat').kind).toBe('pay')
  expect(actorOf('fan:8').kind).toBe('fan')
  expect(actorOf('clock').kind).toBe('system')
})
