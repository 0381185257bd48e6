/** One live stream for the whole page (browsers allow few), handed on to whoever listens. */
import { ref } from 'vue'
import { streamUrl } from './api'

type Heard = (data: never) => void
const KINDS = ['message', 'wire', 'notice', 'charge', 'refund', 'clock', 'fault', 'fan'] as const
type Kind = (typeof KINDS)[number]

export type Line = 'connecting' | 'open' | 'lost'
export const line = ref<Line>('connecting')

const listeners = new Map<Kind | 'back', Set<Heard>>()
let source: EventSource | null = null
let again = 0
const RETRY_MS = 2500

/** Listen until the answered function is called. `back`: the line is there (again), so read anew what was missed. */
export function hear<T>(kind: Kind | 'back', heard: (data: T) => void): () => void {
  const known = listeners.get(kind) ?? new Set<Heard>()
  listeners.set(kind, known)
  known.add(heard as Heard)
  return () => known.delete(heard as Heard)
}

function tell(kind: Kind | 'back', data: unknown): void {
  for (const heard of listeners.get(kind) ?? []) (heard as (data: unknown) => void)(data)
}

export function connect(): void {
  clearTimeout(again)
  source?.close()
  source = new EventSource(streamUrl())
  source.onopen = () => {
    line.value = 'open'
    tell('back', null)
  }
  source.onerror = () => {
    line.value = 'lost'
    source?.close()
    again = window.setTimeout(connect, RETRY_MS)
  }
  for (const kind of KINDS) source.addEventListener(kind, (event) => tell(kind, JSON.parse((event as MessageEvent<string>).data)))
}
