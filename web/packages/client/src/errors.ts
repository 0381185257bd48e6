export interface FieldProblem {
  field: string
  message: string
}

/** What the server says when it refuses: the same envelope on every route. */
export interface RefusalBody {
  code: string
  message: string
  field?: string | null
  fields?: FieldProblem[]
  details?: Record<string, unknown>
  id?: string
}

/** A refusal as the faces see it. Status 0 means the server could not be reached at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldProblem[] = [],
    readonly details: Record<string, unknown> = {},
    readonly id: string = '',
    readonly retryAfter: number | null = null,
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** True when trying again unchanged may succeed. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

/** Reads any failed answer into an ApiError, also one that a proxy wrote and that has no envelope. */
export function toApiError(status: number, body: unknown, headers: Headers): ApiError {
  const refusal = envelope(body)
  const retryAfter = Number(headers.get('retry-after'))
  const id = refusal?.id ?? headers.get('x-request-id') ?? ''
  if (!refusal) return new ApiError(status, `http.${status}`, '', [], {}, id, retryAfter || null)
  const fields = refusal.fields?.length
    ? refusal.fields
    : refusal.field
      ? [{ field: refusal.field, message: refusal.message }]
      : []
  return new ApiError(status, refusal.code, refusal.message, fields, refusal.details ?? {}, id, retryAfter || null)
}

function envelope(body: unknown): RefusalBody | null {
  if (typeof body !== 'object' || body === null || !('error' in body)) return null
  const error = (body as { error: unknown }).error
  return typeof error === 'object' && error !== null && 'code' in error ? (error as RefusalBody) : null
}
