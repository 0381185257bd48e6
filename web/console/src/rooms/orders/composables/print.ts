import { api, unwrap } from '../../../app/api'

export type Paper = 'picking-list' | 'labels'

/** Has the server draw a PDF for these orders and opens it beside the console. */
export async function printFor(paper: Paper, orderNos: string[]): Promise<void> {
  const body = { order_nos: orderNos }
  const asked = paper === 'labels'
    ? api.POST('/api/console/parcels/labels', { body, parseAs: 'blob' })
    : api.POST('/api/console/parcels/picking-list', { body, parseAs: 'blob' })
  const file = await unwrap(asked as Promise<{ data?: unknown; error?: unknown; response: Response }>) as Blob
  const url = URL.createObjectURL(file)
  window.open(url, '_blank', 'noopener')
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
