import { expect, test } from 'vitest'
import { dayOf, monthOf } from './days'

test('a day begins at midnight in China', () => {
  expect(dayOf(new Date('2026-03-31T15:59:59Z'))).toBe('2026-03-31')
  expect(dayOf(new Date('2026-03-31T16:00:00Z'))).toBe('2026-04-01')
  expect(monthOf(new Date('2026-03-31T16:00:00Z'))).toBe('2026-04-01')
})
