import type { Schema } from '../../../app/api'

type Stage = Schema<'Stage'>

const brand = (share: number): string => `color-mix(in srgb, var(--tf-brand) ${share}%, var(--tf-surface))`

/** The way up, from the outside in; the lost stand apart. */
export const SHADE: Record<Stage, string> = {
  visitor: 'var(--tf-line-strong)', follower: brand(25), customer: brand(45), user: brand(65), fan: brand(85), core: 'var(--tf-brand-solid)',
  lost: 'color-mix(in srgb, var(--tf-danger) 45%, var(--tf-surface))',
}
export const STAGES = Object.keys(SHADE) as Stage[]
/** Stages a day's chart shows, with the token of their colour. */
export const CHARTED: readonly (readonly [Stage, string])[] = [['customer', '--tf-chart-5'], ['user', '--tf-chart-2'], ['fan', '--tf-chart-4'], ['core', '--tf-chart-1'], ['lost', '--tf-danger']]

/** The days from first to last, both included. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = []
  for (let at = Date.parse(first); at <= Date.parse(last); at += 86_400_000) days.push(new Date(at).toISOString().slice(0, 10))
  return days
}

/** How many entered a stage on each day. */
export function entered(moves: readonly Schema<'StageMovesOut'>[], stage: Stage, days: readonly string[]): number[] {
  const sums = new Map<string, number>()
  for (const one of moves) if (one.after === stage && one.day) sums.set(one.day, (sums.get(one.day) ?? 0) + one.fans)
  return days.map((day) => sums.get(day) ?? 0)
}

/** How many more core fans the target needs, if the rest stay as they are. */
export function missingCore(core: Schema<'CoreShareOut'>): number {
  return Math.max(0, Math.ceil((core.fans * core.target_bp) / 10_000) - core.core)
}
