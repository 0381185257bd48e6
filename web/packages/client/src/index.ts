import createFetchClient, { type Client, type Middleware } from 'openapi-fetch'
import { ApiError, toApiError } from './errors'
import type { components, paths } from './schema'

export * from './base'
export * from './errors'
export type { components, paths }

/** A named schema of the API: `Schema<'OrderDetail'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]

export interface ClientOptions {
  /** The server's root as `serverRoot` finds it. */
  root: string
  /** The reader's language, asked at each call because it may change. */
  language: () => string
  /** Bearer token for faces that do not use the cookie. */
  token?: () => string | null
  /** Told when the server no longer knows who is asking. */
  onSignedOut?: () => void
  fetch?: (request: Request) => Promise<Response>
}

export type ApiClient = Client<paths>

/** A client typed by the server's own description; `unwrap` turns its answers into data or an ApiError. */
export function createClient(options: ClientOptions): ApiClient {
  const client = createFetchClient<paths>({
    baseUrl: options.root,
    credentials: 'same-origin',
    querySerializer: { array: { style: 'form', explode: true } },
    ...(options.fetch ? { fetch: options.fetch } : {}),
  })
  const headers: Middleware = {
    onRequest({ request }) {
      request.headers.set('accept-language', options.language())
      const token = options.token?.()
      if (token) request.headers.set('authorization', `Bearer ${token}`)
      return request
    },
    onResponse({ response }) {
      if (response.status === 401) options.onSignedOut?.()
      return undefined
    },
    onError({ error }) {
      if (error instanceof DOMException && error.name === 'AbortError') return error
      return new ApiError(0, 'network', error instanceof Error ? error.message : '')
    },
  }
  client.use(headers)
  return client
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Data of a call, or an ApiError thrown. A 204 answers undefined. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (response.ok) return data as T
  throw toApiError(response.status, error, response.headers)
}

/** A fresh key for one intention: keep it while retrying, drop it when the intention changes. */
export function idempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
