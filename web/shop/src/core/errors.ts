import { t } from '@/i18n'

/** Why a request did not do what was asked: no network, too slow, or the server's own refusal. */
export class ApiError extends Error {
  constructor(
    readonly kind: 'offline' | 'refused' | 'broken',
    readonly code: string,
    message: string,
    readonly status = 0,
    /** Shown to the fan so that support can find the request. */
    readonly id = '',
    readonly fields: { field: string; message: string }[] = [],
    readonly details: Record<string, unknown> = {},
  ) {
    super(message)
  }

  /** The sentence for one input, when the server named it. */
  field(name: string): string {
    return this.fields.find((each) => each.field === name || each.field.endsWith(`.${name}`))?.message ?? ''
  }
}

interface ErrorBody {
  error?: {
    code?: string
    message?: string
    field?: string | null
    fields?: { field: string; message: string }[] | null
    details?: Record<string, unknown> | null
    id?: string | null
  }
}

/** Reads the server's error envelope; a reply that has none (a proxy's page, say) still gets a sentence. */
export function refusal(status: number, body: unknown): ApiError {
  const said = (body as ErrorBody | null)?.error
  if (!said?.code) return new ApiError('broken', `http.${status}`, t('error.broken'), status)
  const fields = said.fields?.length ? said.fields : said.field ? [{ field: said.field, message: said.message ?? '' }] : []
  return new ApiError(
    status >= 500 ? 'broken' : 'refused',
    said.code,
    said.message || t('error.broken'),
    status,
    said.id ?? '',
    fields,
    said.details ?? {},
  )
}

export function offline(): ApiError {
  return new ApiError('offline', 'shop.offline', t('error.offline'))
}

/** Anything thrown, as an error a page can show. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown
  return new ApiError('broken', 'shop.broken', t('error.broken'))
}
