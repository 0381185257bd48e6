import { refusal } from '@/core/errors'
import { token } from '@/core/session'
import { address } from '@/core/wire'

/** Saves the copy as a file. Answers whether this place can: a mini program cannot. */
export async function fetchCopy(id: number): Promise<boolean> {
  let saved = false
  // #ifdef H5
  const answer = await fetch(address('/api/shop/me/privacy/{request_id}/file', { path: { request_id: id } }), { headers: { Authorization: `Bearer ${token()}` } })
  if (!answer.ok) throw refusal(answer.status, await answer.json().catch(() => null))
  const url = URL.createObjectURL(await answer.blob())
  const link = document.createElement('a')
  link.href = url
  link.download = `personal-data-${id}.zip`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
  saved = true
  // #endif
  return saved
}
