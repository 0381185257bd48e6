/** Where the sandbox is, and how its control API is asked. */
import { computed, ref } from 'vue'

interface Config {
  sandbox: string
  shop: string
  public: string
}

/** A refusal of the sandbox, in its own words. Status 0: it did not answer at all. */
export class SandboxError extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message)
  }
}

/** The server's folder: `/sandbox/` at the root, `/m/x/sandbox/` under a merchant's prefix. */
const folder = location.pathname.replace(/sandbox\/?[^/]*$/, '')
export const config = ref<Config | null>(null)
export const shopUrl = computed(() => location.origin + folder + (config.value?.shop ?? '/shop/').replace(/^\//, ''))
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

/** Reads the configuration; goes to the server's own address when this is another name of the same machine. */
export async function configure(): Promise<void> {
  const answer = await fetch(`${folder}sandbox-config`, { headers: { accept: 'application/json' } })
  if (!answer.ok) throw new SandboxError(answer.status, 'config', '')
  const found = (await answer.json()) as Config
  const home = new URL(found.public || location.origin)
  // Cookies, sign-in and the bridge to the shop all hold for one origin: 127.0.0.1 and localhost are two.
  if (home.origin !== location.origin && LOOPBACK.test(home.hostname) && LOOPBACK.test(location.hostname) && home.port === location.port) {
    location.replace(home.origin + location.pathname + location.hash)
    return new Promise(() => undefined)
  }
  config.value = { ...found, sandbox: found.sandbox.replace(/\/$/, '') }
}

/** An address of the sandbox's own, e.g. a picture's. */
export function sandboxUrl(path: string): string {
  return /^https?:/.test(path) ? path : (config.value?.sandbox ?? '') + path
}

export function streamUrl(): string {
  return sandboxUrl('/sandbox/api/events')
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

async function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(sandboxUrl(`/sandbox/api${path}`), {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
  } catch {
    throw new SandboxError(0, 'unreachable', '')
  }
  const data = (await answer.json().catch(() => null)) as { error?: { code: string; message: string } } | null
  if (!answer.ok) throw new SandboxError(answer.status, data?.error?.code ?? '', data?.error?.message ?? answer.statusText)
  return data as T
}

export const get = <T>(path: string) => ask<T>('GET', path)
export const post = <T>(path: string, body: unknown = {}) => ask<T>('POST', path, body)
export const drop = (path: string) => ask<unknown>('DELETE', path)

/** `{q: 'a', cursor: ''}` → `?q=a` */
export function query(given: Record<string, string | number | null | undefined>): string {
  const known = Object.entries(given).filter(([, value]) => value !== '' && value !== null && value !== undefined)
  return known.length ? `?${new URLSearchParams(known.map(([name, value]) => [name, String(value)]))}` : ''
}
