import type { Schema } from '../../../app/api'

export type Part = Schema<'PartOut'>

/** One WeChat text message holds this many bytes of UTF-8. */
export const TEXT_BYTES = 2048

export function blankPart(kind: Part['kind']): Part {
  return { kind, text: '', title: '', picture_url: '', url: '' }
}

export function bytes(text: string): number {
  return new TextEncoder().encode(text).length
}

/** The text key of what is wrong with a part, or null. */
export function partProblem(part: Part): 'helpdesk.textNeeded' | 'helpdesk.cardNeeded' | null {
  if (part.kind === 'text') return part.text.trim() ? null : 'helpdesk.textNeeded'
  return part.title.trim() && part.url.trim() ? null : 'helpdesk.cardNeeded'
}

/** "09:30" as a minute of the day; empty or unreadable is null. */
export function minuteOf(clock: string): number | null {
  const match = /^(\d{2}):(\d{2})$/.exec(clock)
  return match ? Number(match[1]) * 60 + Number(match[2]) : null
}

export function clockOf(minute: number | null): string {
  return minute === null ? '' : `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
