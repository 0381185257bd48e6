import type { Schema } from '../../../app/api'

type Board = Schema<'RfmBoard'>

/** How strong a cell is coloured, in percent: by its share of the strongest, so that small ones are still seen. */
export function heat(value: number, most: number): number {
  return value > 0 && most > 0 ? Math.round(8 + 62 * Math.sqrt(value / most)) : 0
}

export function cellAt(board: Board, r: number, f: number): Board['grid'][number] {
  return board.grid.find((one) => one.r === r && one.f === f)!
}

/** The fan list narrowed to scores. */
export function fansWith(nodes: readonly { field: string; op: string; value: unknown }[]): { path: string; query: { rule: string } } {
  return { path: '/fans', query: { rule: JSON.stringify({ all: nodes }) } }
}

export const ofCell = (r: number, f: number): ReturnType<typeof fansWith> => fansWith([{ field: 'rfm_r', op: 'eq', value: r }, { field: 'rfm_f', op: 'eq', value: f }])
export const ofGroup = (group: string): { path: string; query: { rfm: string } } => ({ path: '/fans', query: { rfm: group } })

/** Whether R, F and M are high in each group, in the order people know them by. */
export const HIGHS: Record<Schema<'RfmGroup'>, readonly [boolean, boolean, boolean]> = {
  champion: [true, true, true], grow: [true, false, true], keep: [false, true, true], win_back: [false, false, true],
  loyal: [true, true, false], new: [true, false, false], fading: [false, true, false], gone: [false, false, false],
}

/** Months a table shows: as many as any cohort has, up to a year. */
export function monthsOf(cohorts: Board['cohorts']): number[] {
  const most = Math.min(12, Math.max(0, ...cohorts.map((one) => one.back.length - 1)))
  return Array.from({ length: most }, (_, n) => n + 1)
}
