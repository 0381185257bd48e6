import { describe, expect, it } from 'vitest'
import { addDays, change, compact, count, countdown, date, dateTime, dayStart, daysOf, maskPhone, parseYuan, percent, relative, signed, windowOf, yuan, yuanCompact, yuanInput } from './index'

describe('money', () => {
  it('writes fen as yuan to the cent', () => {
    expect(yuan(0)).toBe('¥0.00')
    expect(yuan(5)).toBe('¥0.05')
    expect(yuan(-123_456_789)).toBe('-¥1,234,567.89')
    expect(yuanInput(1250)).toBe('12.50')
  })

  it('shortens only from ten thousand yuan on', () => {
    expect(yuanCompact(999_999)).toBe('¥9,999.99')
    expect(yuanCompact(12_864_050)).toBe('¥12.9万')
    expect(yuanCompact(12_864_050, 'en')).toBe('¥128.6k')
  })

  it.each([
    ['12.5', 1250], ['0.1', 10], ['1,234.56', 123_456], ['１２．３', 1230], ['¥8', 800], ['7.', 700],
    ['', null], ['-1', null], ['1.234', null], ['1e3', null], ['NaN', null], ['十', null], ['123456789012', null],
  ])('reads %j typed as yuan', (typed, fen) => {
    expect(parseYuan(typed)).toBe(fen)
  })

  it('reads back whatever it wrote', () => {
    for (let fen = 0; fen < 200_000; fen += 7) expect(parseYuan(yuanInput(fen))).toBe(fen)
  })
})

describe('numbers', () => {
  it('groups and shortens', () => {
    expect(count(1_234_567)).toBe('1,234,567')
    expect(count(-1000)).toBe('-1,000')
    expect([1200, -30, 0].map(signed)).toEqual(['+1,200', '−30', '0'])
    expect(compact(9_999)).toBe('9,999')
    expect(compact(123_456_789)).toBe('1.2亿')
    expect(compact(1_500_000, 'en')).toBe('1.5m')
  })

  it('has no percentage of nothing', () => {
    expect(percent(1, 0)).toBe('—')
    expect(percent(1, 8)).toBe('12.5%')
  })

  it('tells direction and size of a change', () => {
    expect(change(112, 100)).toEqual({ direction: 'up', text: '12.0%' })
    expect(change(50, 100)).toEqual({ direction: 'down', text: '50.0%' })
    expect(change(3, 0)).toEqual({ direction: 'up', text: '3' })
    expect(change(11_700, 0, yuan)).toEqual({ direction: 'up', text: '¥117.00' })
    expect(change(0, 0)).toEqual({ direction: 'flat', text: '0%' })
  })
})

describe('time', () => {
  it('shows the merchant zone whatever the machine is set to', () => {
    expect(dateTime('2026-11-21T16:05:09Z')).toBe('2026-11-22 00:05')
    expect(dateTime('2026-11-21T16:05:09Z', 'UTC')).toBe('2026-11-21 16:05')
    expect(date('2026-03-01T02:00:00Z', 'America/New_York')).toBe('2026-02-28')
  })

  it('begins a calendar day at the zone midnight', () => {
    expect(dayStart('2026-11-22').toISOString()).toBe('2026-11-21T16:00:00.000Z')
    expect(dayStart('2026-11-22', 'America/New_York').toISOString()).toBe('2026-11-22T05:00:00.000Z')
    expect(addDays('2026-03-01', -1)).toBe('2026-02-28')
    const week = windowOf('2026-11-22', '2026-11-28')
    expect(week).toEqual({ starts_at: '2026-11-21T16:00:00.000Z', ends_at: '2026-11-28T16:00:00.000Z' })
    expect(daysOf(week.starts_at, week.ends_at)).toEqual({ from: '2026-11-22', to: '2026-11-28' })
    expect(daysOf(null, null)).toEqual({ from: '', to: '' })
  })

  it('speaks of near moments and dates far ones', () => {
    const now = new Date('2026-11-22T08:00:00Z')
    expect(relative('2026-11-22T07:59:50Z', now)).toBe('刚刚')
    expect(relative('2026-11-22T07:59:00Z', now)).toBe('1 分钟前')
    expect(relative('2026-11-22T05:00:00Z', now, 'en')).toBe('3 h ago')
    expect(relative('2026-11-24T08:00:00Z', now)).toBe('2 天后')
    expect(relative('2026-10-01T00:00:00Z', now)).toBe('2026-10-01')
  })

  it('counts down and stops at zero', () => {
    expect(countdown(11_529)).toBe('03:12:09')
    expect(countdown(-5)).toBe('00:00:00')
    expect(countdown(2 * 86_400 + 60, 'en')).toBe('2d 00:01:00')
  })
})

describe('privacy', () => {
  it('keeps only the ends of a phone', () => {
    expect(maskPhone('13812345678')).toBe('138****5678')
    expect(maskPhone('138****5678')).toBe('138****5678')
    expect(maskPhone('12345')).toBe('***45')
  })
})
