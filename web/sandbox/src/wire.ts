/** The newest part of the wire log, kept live. */
import { ref, shallowRef } from 'vue'
import { drop, get, query } from './api'
import { hear } from './live'
import type { Listed, WireEntry } from './types'

const KEPT = 500
const FIRST = 200
const FLUSH_MS = 150

/** Newest first. */
export const entries = shallowRef<WireEntry[]>([])
export const loaded = ref(false)
export const paused = ref(false)
let waiting: WireEntry[] = []
let flushing = 0

/** Twice told, once kept: a reread overlaps with what the stream said. */
function merge(fresh: WireEntry[]): void {
  const known = new Map(entries.value.map((one) => [one.id, one]))
  for (const one of fresh) known.set(one.id, one)
  entries.value = [...known.values()].sort((a, b) => b.id - a.id).slice(0, KEPT)
}

function flush(): void {
  flushing = 0
  if (paused.value) return
  merge(waiting)
  waiting = []
}

function take(entry: WireEntry): void {
  waiting.push(entry)
  if (waiting.length > KEPT) waiting = waiting.slice(-KEPT)
  if (!flushing) flushing = window.setTimeout(flush, FLUSH_MS)
}

async function read(): Promise<void> {
  const found = await get<Listed<WireEntry>>(`/wire${query({ limit: FIRST })}`)
  merge(found.items)
  loaded.value = true
}

export function togglePause(): void {
  paused.value = !paused.value
  flush()
}

export async function clear(): Promise<void> {
  await drop('/wire')
  waiting = []
  entries.value = []
}

export function followWire(): void {
  hear<WireEntry>('wire', take)
  hear('back', () => void read().catch(() => undefined))
}

export type Verdict = 'good' | 'bad' | 'none'

/** What became of the signature, token or key of a request. */
export function verdict(signature: string): Verdict {
  if (/^(invalid|forged)/i.test(signature)) return 'bad'
  return !signature || signature === 'none' ? 'none' : 'good'
}

/** Failed: not answered, answered with an error, or with a business error in the body. */
export function isBad(entry: WireEntry): boolean {
  return !!entry.error || entry.status === 0 || entry.status >= 400 || verdict(entry.signature) === 'bad' || /"errcode":\s*[1-9-]/.test(entry.response.body)
}

export interface Filter {
  text: string
  direction: '' | 'in' | 'out'
  bad: boolean
}

export function matches(entry: WireEntry, filter: Filter): boolean {
  if (filter.direction && entry.direction !== filter.direction) return false
  if (filter.bad && !isBad(entry)) return false
  const sought = filter.text.trim().toLowerCase()
  if (!sought) return true
  return [entry.url, entry.platform, entry.account, entry.signature, entry.fault, entry.decoded, entry.request.body, entry.response.body].some((one) => one?.toLowerCase().includes(sought))
}
