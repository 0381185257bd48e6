import { expect, it } from 'vitest'
import { show, showShort, sparkline } from './figures'

it('writes each figure in its own unit', () => {
  expect(show('paid_fen', 12_864_050)).toBe('¥128,640.50')
  expect(show('conversion_bp', 701)).toBe('7.0%')
  expect(show('conversion_bp', null)).toBe('—')
  expect(show('visitors', 18_342)).toBe('18,342')
  expect(showShort('paid_fen', 15_000_000, 'zh')).toBe('¥15万')
  expect(showShort('paid_fen', 50_000, 'zh')).toBe('¥500')
})

it('draws a line inside its box', () => {
  expect(sparkline([0, 10, 5], 100, 20)).toBe('M0.0 20.0L50.0 0.0L100.0 10.0')
  expect(sparkline([3, 3], 10, 20)).toBe('M0.0 10.0L10.0 10.0')
  expect(sparkline([1], 10, 10)).toBe('')
})
