import type { Schema } from '../../../app/api'

type State = Schema<'FollowerImportState'>

export const IMPORT_TONE: Record<State, 'info' | 'warning' | 'neutral' | 'danger' | 'success'> = {
  running: 'info', waiting: 'warning', stopped: 'neutral', failed: 'danger', done: 'success',
}

const TROUBLES: Record<string, string> = {
  '45009': 'quota', '45028': 'quota', '48006': 'quota',
  '-1': 'busy', '45011': 'busy', '45033': 'busy', 'wechat.away': 'away',
  '48001': 'granted', '48004': 'granted', '40164': 'address', '61004': 'address',
  '40013': 'secret', '40125': 'secret', '41002': 'secret', '41004': 'secret', '40001': 'secret',
  'wechat.not_configured': 'account', list: 'list',
}

/** The word for what the platform said; `other` shows its code. */
export function troubleOf(code: string): string {
  return TROUBLES[code] ?? 'other'
}

/** A rest time in the unit people would use. */
export function restOf(seconds: number | null): { unit: 'seconds' | 'minutes' | 'hours'; count: number } | undefined {
  if (seconds === null) return undefined
  if (seconds < 90) return { unit: 'seconds', count: Math.max(1, Math.round(seconds)) }
  if (seconds < 5400) return { unit: 'minutes', count: Math.round(seconds / 60) }
  return { unit: 'hours', count: Math.round(seconds / 360) / 10 }
}
