import type { Locale } from './index'

/** Groups an integer's digits by thousands. Written without Intl, which some mini-program runtimes lack. */
export function count(value: number): string {
  const sign = value < 0 ? '-' : ''
  return sign + String(Math.abs(Math.trunc(value))).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A change: +1,200, −30, 0. */
export function signed(value: number): string {
  return (value > 0 ? '+' : value < 0 ? '−' : '') + count(Math.abs(value))
}

/** A short form for cramped places: 12,300 → 1.2万 / 12.3k. Exact below ten thousand. */
export function compact(value: number, locale: Locale = 'zh'): string {
  const size = Math.abs(value)
  if (size < 10_000) return count(value)
  if (locale === 'zh') return size < 100_000_000 ? short(value / 10_000) + '万' : short(value / 100_000_000) + '亿'
  return size < 1_000_000 ? short(value / 1_000) + 'k' : short(value / 1_000_000) + 'm'
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** A share as a percentage, or an em dash when the whole is zero and there is no share to speak of. */
export function percent(part: number, whole: number, digits = 1): string {
  return whole === 0 ? '—' : ((part / whole) * 100).toFixed(digits) + '%'
}

/** Basis points (1/10,000) as a percentage. */
export function percentOfBp(bp: number, digits = 1): string {
  return (bp / 100).toFixed(digits) + '%'
}

export interface Change {
  direction: 'up' | 'down' | 'flat'
  /** Always unsigned: the direction carries the sign. */
  text: string
}

/** How a number moved against the period before; growth from nothing has no percentage, so it says how much, in its own unit. */
export function change(now: number, before: number, write: (value: number) => string = count): Change {
  const direction = now > before ? 'up' : now < before ? 'down' : 'flat'
  if (before === 0) return { direction, text: now === 0 ? '0%' : write(Math.abs(now)) }
  return { direction, text: (Math.abs((now - before) / before) * 100).toFixed(1) + '%' }
}
