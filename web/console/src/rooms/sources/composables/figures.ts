import { addDays, date } from '@tiefen/format'
import type { DayRange } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

export const MODELS: readonly Schema<'Model'>[] = ['first', 'last', 'linear', 'rule']
export const PRESETS: readonly number[] = [1, 7, 30, 90]

/** The last days, today included. */
export function lastDays(days: number): DayRange {
  const today = date(new Date())
  return { from: addDays(today, 1 - days), to: today }
}

/** A period both ends of which are known: what the server asks for. */
export function closed(range: DayRange): { first: string; last: string } {
  const today = date(new Date())
  const last = range.to || today
  return { first: range.from || addDays(last, -364), last }
}

/** Orders in ten-thousandths, as people write them: `3`, or `2.5` where several sources share one. */
export function ordersOf(bp: number): string {
  return String(Math.round(bp / 100) / 100)
}

export interface Weighing { first: number; middle: number; last: number }

/** How ¥100 is shared over three touches. */
export function example(weights: Weighing): number[] {
  const parts = [weights.first, weights.middle, weights.last]
  const sum = parts.reduce((all, one) => all + one, 0)
  return sum === 0 ? parts.map(() => 0) : parts.map((one) => Math.round((one / sum) * 10_000))
}
