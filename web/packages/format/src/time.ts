import type { Locale } from './index'

/** The zone a merchant's days begin in unless it says otherwise. */
export const DEFAULT_ZONE = 'Asia/Shanghai'
const SHANGHAI_MINUTES = 480

interface Wall {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

const wallClocks = new Map<string, Intl.DateTimeFormat>()

/** The wall clock of a moment in a zone. Without Intl (some mini-program runtimes) the zone is Shanghai's. */
export function wallClock(at: string | Date, zone: string = DEFAULT_ZONE): Wall {
  const moment = typeof at === 'string' ? new Date(at) : at
  if (typeof Intl === 'undefined') return shifted(moment)
  let clock = wallClocks.get(zone)
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric',
    })
    wallClocks.set(zone, clock)
  }
  const part: Record<string, number> = {}
  for (const { type, value } of clock.formatToParts(moment)) part[type] = Number(value)
  return {
    year: part.year!, month: part.month!, day: part.day!, hour: part.hour!, minute: part.minute!, second: part.second!,
  }
}

function shifted(moment: Date): Wall {
  const local = new Date(moment.getTime() + SHANGHAI_MINUTES * 60_000)
  return {
    year: local.getUTCFullYear(), month: local.getUTCMonth() + 1, day: local.getUTCDate(),
    hour: local.getUTCHours(), minute: local.getUTCMinutes(), second: local.getUTCSeconds(),
  }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** 2026-11-22 */
export function date(at: string | Date, zone?: string): string {
  const wall = wallClock(at, zone)
  return `${wall.year}-${two(wall.month)}-${two(wall.day)}`
}

/** 14:05 */
export function time(at: string | Date, zone?: string): string {
  const wall = wallClock(at, zone)
  return `${two(wall.hour)}:${two(wall.minute)}`
}

/** 2026-11-22 14:05 */
export function dateTime(at: string | Date, zone?: string): string {
  return `${date(at, zone)} ${time(at, zone)}`
}

/** 2026-11-22 14:05:09 */
export function dateTimeSeconds(at: string | Date, zone?: string): string {
  return `${dateTime(at, zone)}:${two(wallClock(at, zone).second)}`
}

/** The UTC moment at which a merchant's calendar day (YYYY-MM-DD) begins. */
export function dayStart(day: string, zone: string = DEFAULT_ZONE): Date {
  const utc = new Date(day + 'T00:00:00Z')
  const wall = wallClock(utc, zone)
  const asUtc = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second)
  return new Date(utc.getTime() - (asUtc - utc.getTime()))
}

/** Moves a calendar day by whole days: ("2026-03-01", -1) → "2026-02-28". */
export function addDays(day: string, days: number): string {
  const moved = new Date(day + 'T00:00:00Z')
  moved.setUTCDate(moved.getUTCDate() + days)
  return moved.toISOString().slice(0, 10)
}

/** First and last day as the moments a window begins and ends: the last day counts whole, so it ends when the next one begins. */
export function windowOf(first: string, last: string): { starts_at: string | null; ends_at: string | null } {
  return { starts_at: first ? dayStart(first).toISOString() : null, ends_at: last ? dayStart(addDays(last, 1)).toISOString() : null }
}

/** The first and last day of such a window; an open side is ''. */
export function daysOf(startsAt: string | null, endsAt: string | null): { from: string; to: string } {
  return { from: startsAt ? date(startsAt) : '', to: endsAt ? addDays(date(endsAt), -1) : '' }
}

const STEPS: readonly [seconds: number, zh: string, en: string][] = [
  [86_400, '天', 'd'],
  [3_600, '小时', 'h'],
  [60, '分钟', 'min'],
]

/** How long ago (or ahead) in words; beyond a week the date itself says more. */
export function relative(at: string | Date, now: Date, locale: Locale = 'zh', zone?: string): string {
  const seconds = Math.round((now.getTime() - new Date(at).getTime()) / 1000)
  const size = Math.abs(seconds)
  if (size < 45) return locale === 'zh' ? '刚刚' : 'just now'
  if (size >= 7 * 86_400) return date(at, zone)
  for (const [step, zh, en] of STEPS) {
    const steps = Math.floor(size / step)
    if (steps >= 1 || step === 60) return phrase(Math.max(steps, 1), zh, en, seconds >= 0, locale)
  }
  return date(at, zone)
}

function phrase(steps: number, zh: string, en: string, past: boolean, locale: Locale): string {
  if (locale === 'zh') return `${steps} ${zh}${past ? '前' : '后'}`
  return past ? `${steps} ${en} ago` : `in ${steps} ${en}`
}

/** A count-down as 03:12:09, or 2 天 03:12:09 when days remain. Never below zero. */
export function countdown(seconds: number, locale: Locale = 'zh'): string {
  const left = Math.max(0, Math.floor(seconds))
  const days = Math.floor(left / 86_400)
  const clock = [Math.floor((left % 86_400) / 3_600), Math.floor((left % 3_600) / 60), left % 60].map(two).join(':')
  if (days === 0) return clock
  return locale === 'zh' ? `${days} 天 ${clock}` : `${days}d ${clock}`
}
