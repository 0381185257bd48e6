import type { Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

type Import = Schema<'PastImportOut'>

export const FIELDS: readonly Schema<'PastField'>[] = ['number', 'at', 'amount', 'quantity', 'customer', 'phone', 'openid', 'unionid', 'product', 'category', 'note']
export const PAST_TONE: Record<Schema<'PastImportState'>, Tone> = { reading: 'neutral', ready: 'warning', checking: 'info', checked: 'info', running: 'info', stopped: 'warning', done: 'success', undoing: 'warning', undone: 'neutral' }

/** Whether a job is at it. */
export function atWork(one: Import): boolean {
  return one.state === 'checking' || one.state === 'running' || one.state === 'undoing'
}

/** How much there is to be done: undoing takes away what was added. */
export function outOf(one: Import): number {
  return Math.max(1, one.state === 'undoing' ? one.added : one.lines)
}

/** A column as spreadsheets name it: A to Z, then AA. */
export function letter(place: number): string {
  return place < 26 ? String.fromCharCode(65 + place) : letter(Math.floor(place / 26) - 1) + letter(place % 26)
}
