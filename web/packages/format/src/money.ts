import type { Locale } from './index'
import { compact, count } from './number'

/** Splits fen into yuan text and two digits of cents without ever forming a fraction. */
export function yuanParts(fen: number): { sign: string; yuan: string; cents: string } {
  const size = Math.abs(Math.trunc(fen))
  return {
    sign: fen < 0 ? '-' : '',
    yuan: count(Math.floor(size / 100)),
    cents: String(size % 100).padStart(2, '0'),
  }
}

/** 123450 → ¥1,234.50 */
export function yuan(fen: number): string {
  const { sign, yuan: whole, cents } = yuanParts(fen)
  return `${sign}¥${whole}.${cents}`
}

/** Like `yuan`, shortened from ten thousand yuan on: ¥12.8万. For tiles and axes, never for a document. */
export function yuanCompact(fen: number, locale: Locale = 'zh'): string {
  const whole = Math.trunc(fen / 100)
  return Math.abs(whole) < 10_000 ? yuan(fen) : `${whole < 0 ? '-' : ''}¥${compact(Math.abs(whole), locale)}`
}

/** Fen as the plain number a person types: 1250 → "12.50". */
export function yuanInput(fen: number): string {
  const { sign, yuan: whole, cents } = yuanParts(fen)
  return `${sign}${whole.replace(/,/g, '')}.${cents}`
}

const TYPED = /^(\d{1,11})(?:\.(\d{0,2}))?$/

/**
 * Reads what a person typed as yuan into fen, digit by digit (no floating point).
 * Full-width digits and grouping commas are accepted; anything else is null.
 */
export function parseYuan(text: string): number | null {
  const plain = text
    .trim()
    .replace(/[０-９．]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
    .replace(/[¥￥,\s]/g, '')
  const match = TYPED.exec(plain)
  if (!match) return null
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}
