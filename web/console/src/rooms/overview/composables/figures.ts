import { count, percentOfBp, yuan, yuanCompact, type Locale } from '@tiefen/format'
import type { Schema } from '../../../app/api'

export type Metric = 'paid_fen' | 'paid_orders' | 'new_fans' | 'visitors' | 'conversion_bp' | 'refunded_fen'

export const METRICS: readonly Metric[] = ['paid_fen', 'paid_orders', 'new_fans', 'visitors', 'conversion_bp', 'refunded_fen']

/** A figure as a reader expects it; a share of nobody is a dash. */
export function show(metric: Metric, value: number | null): string {
  if (value === null) return '—'
  if (metric.endsWith('_fen')) return yuan(value)
  return metric.endsWith('_bp') ? percentOfBp(value) : count(value)
}

/** The same, short enough for an axis. */
export function showShort(metric: Metric, value: number, locale: Locale): string {
  return metric.endsWith('_fen') ? yuanCompact(value, locale).replace(/\.00$/, '') : show(metric, value)
}

export function series(metric: Metric, trend: readonly Schema<'DayOut'>[]): number[] {
  return trend.map((day) => day[metric] ?? 0)
}

/** An SVG path through the values, stretched to the box; a flat line when nothing moves. */
export function sparkline(values: readonly number[], width: number, height: number): string {
  if (values.length < 2) return ''
  const top = Math.max(...values)
  const bottom = Math.min(...values)
  const step = width / (values.length - 1)
  const y = (value: number): number => (top === bottom ? height / 2 : height - ((value - bottom) / (top - bottom)) * height)
  return values.map((value, index) => `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${y(value).toFixed(1)}`).join('')
}
