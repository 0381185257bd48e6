import { lang } from '@/i18n'
import { server } from '@/platform'
import { offline } from './errors'

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
type Plain = string | number | boolean | null | undefined

export interface Ask {
  /** Fills `{name}` in the path. */
  path?: Record<string, string | number>
  query?: Record<string, Plain | readonly Plain[]>
  body?: unknown
  /** One intention, one key: a retry with the same key cannot happen twice. */
  key?: string
}

export interface Reply {
  status: number
  body: unknown
}

const TIMEOUT_MS = 15_000

/** How far the phone's clock is behind the server's: count-downs are told in the server's time. */
let behindMs = 0

/** The server's clock, as near as its last answer tells. */
export function serverNow(): Date {
  return new Date(Date.now() + behindMs)
}

function learnTime(header: Record<string, string> | undefined): void {
  const said = Date.parse(header?.date ?? header?.Date ?? '')
  if (!Number.isNaN(said)) behindMs = said - Date.now()
}

/** Fills the path and appends the query; empty values are left out, a list is said value by value. */
export function address(template: string, ask: Ask = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(ask.path?.[name] ?? '')))
  const query = Object.entries(ask.query ?? {})
    .flatMap(([name, value]) => (Array.isArray(value) ? (value as Plain[]) : [value as Plain]).map((each) => [name, each] as const))
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`)
    .join('&')
  return server + path + (query ? `?${query}` : '')
}

interface Early {
  url: string
  asked: Promise<{ statusCode: number; data: unknown; header: Record<string, string> }>
}

/** What tools/first.js asked for before this script was here, once; nothing when it failed or asked for another. */
async function early(method: Method, url: string): Promise<Reply | null> {
  const shelf = globalThis as { tiefenFirst?: Early }
  const first = shelf.tiefenFirst
  if (method !== 'GET' || !first || !url.endsWith(first.url)) return null
  delete shelf.tiefenFirst
  const reply = await first.asked.catch(() => null)
  if (reply?.statusCode !== 200) return null
  learnTime(reply.header)
  return { status: reply.statusCode, body: reply.data }
}

/** One request over the wire, whatever its answer; rejects only when there was none. */
export async function exchange(method: Method, template: string, ask: Ask, bearer: string): Promise<Reply> {
  // #ifdef H5
  const first = await early(method, address(template, ask))
  if (first) return first
  // #endif
  const header: Record<string, string> = { Accept: 'application/json', 'Accept-Language': lang.value }
  if (bearer) header.Authorization = `Bearer ${bearer}`
  if (ask.key) header['Idempotency-Key'] = ask.key
  if (ask.body !== undefined) header['Content-Type'] = 'application/json'
  return new Promise((resolve, reject) => {
    uni.request({
      url: address(template, ask),
      // The framework's types leave out PATCH; both targets send it.
      method: method as 'GET',
      header,
      data: ask.body as UniApp.RequestOptions['data'],
      timeout: TIMEOUT_MS,
      success: (reply) => {
        learnTime(reply.header as Record<string, string>)
        resolve({ status: reply.statusCode, body: reply.data })
      },
      fail: () => reject(offline()),
    })
  })
}

/** A key for one intention, unique among everything this phone will ever ask. */
export function intention(): string {
  let random = ''
  while (random.length < 24) random += Math.random().toString(36).slice(2)
  return `${Date.now().toString(36)}-${random.slice(0, 24)}`
}
