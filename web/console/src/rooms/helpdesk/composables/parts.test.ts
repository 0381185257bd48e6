import { expect, it } from 'vitest'
import { blankPart, bytes, clockOf, minuteOf, partProblem } from './parts'

it('counts bytes as WeChat does', () => {
  expect(bytes('肤质a')).toBe(7)
})

it('asks for what a part needs', () => {
  expect(partProblem(blankPart('text'))).toBe('helpdesk.textNeeded')
  expect(partProblem({ ...blankPart('text'), text: '好' })).toBeNull()
  expect(partProblem({ ...blankPart('article'), title: '好' })).toBe('helpdesk.cardNeeded')
  expect(partProblem({ ...blankPart('article'), title: '好', url: '/shop/' })).toBeNull()
})

it('reads and writes minutes of the day', () => {
  expect(minuteOf('09:30')).toBe(570)
  expect(minuteOf('')).toBeNull()
  expect(clockOf(1439)).toBe('23:59')
  expect(clockOf(null)).toBe('')
})
