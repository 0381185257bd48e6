import { describe, expect, it } from 'vitest'
import { restOf, troubleOf } from './imports'

describe('the words of an import', () => {
  it('names what the platform said, and keeps an unknown code for itself', () => {
    expect([troubleOf('45009'), troubleOf('wechat.away'), troubleOf('99999')]).toEqual(['quota', 'away', 'other'])
  })

  it('tells the rest time as people would', () => {
    expect(restOf(null)).toBeUndefined()
    expect(restOf(0)).toEqual({ unit: 'seconds', count: 1 })
    expect(restOf(600)).toEqual({ unit: 'minutes', count: 10 })
    expect(restOf(9000)).toEqual({ unit: 'hours', count: 2.5 })
  })
})
