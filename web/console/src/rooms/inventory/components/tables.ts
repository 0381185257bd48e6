import type { Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

type Import = Schema<'StockImportOut'>

export const TABLE_TONE: Record<Schema<'StockImportState'>, Tone> = { reading: 'neutral', checking: 'info', checked: 'warning', running: 'info', stopped: 'warning', done: 'success', undoing: 'warning', undone: 'neutral' }

/** Whether a job is at it. */
export function atWork(one: Import): boolean {
  return one.state === 'checking' || one.state === 'running' || one.state === 'undoing'
}

/** How much there is to be done: undoing takes back what was changed, wrong lines are done from the start. */
export function outOf(one: Import): number {
  if (one.state === 'undoing') return Math.max(1, one.changed)
  return Math.max(1, one.state === 'checking' ? one.lines : one.lines - one.wrong)
}
