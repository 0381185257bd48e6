import { lang, t } from '@/i18n'
import { asApiError, offline } from './errors'
import { token } from './session'
import type { Picture } from './types'
import { address } from './wire'

export const MOST_PICTURES = 9
/** A picture as it was chosen: the browser's file, or its path in the mini program. */
type Chosen = File | string

/** Lets the fan choose pictures and stores each; resolves to those that were stored. */
export async function addPictures(room: number): Promise<Picture[]> {
  const stored: Picture[] = []
  for (const chosen of (await choose(room)).slice(0, room)) stored.push(await store(chosen))
  return stored
}

// A browser does both by its own means: the framework's would be part of what every visitor loads first.
function choose(room: number): Promise<Chosen[]> {
  return new Promise((resolve) => {
    // #ifdef H5
    const field = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*', multiple: room > 1 })
    field.onchange = () => resolve([...(field.files ?? [])])
    field.oncancel = () => resolve([])
    field.click()
    // #endif
    // #ifndef H5
    uni.chooseImage({ count: room, sizeType: ['compressed'], success: (chosen) => resolve([...chosen.tempFilePaths]), fail: () => resolve([]) })
    // #endif
  })
}

function store(chosen: Chosen): Promise<Picture> {
  const url = address('/api/shop/after-sale-pictures')
  const header = { 'Accept-Language': lang.value, Authorization: `Bearer ${token()}` }
  return new Promise((resolve, reject) => {
    const told = (status: number, body: string): void => {
      if (status === 201) resolve(JSON.parse(body) as Picture)
      else reject(asApiError(new Error(t('sale.picture_failed'))))
    }
    // #ifdef H5
    const body = new FormData()
    body.append('file', chosen)
    fetch(url, { method: 'POST', headers: header, body }).then(async (reply) => told(reply.status, await reply.text()), () => reject(offline()))
    // #endif
    // #ifndef H5
    uni.uploadFile({ url, filePath: chosen as string, name: 'file', header, success: (reply) => told(reply.statusCode, reply.data), fail: () => reject(offline()) })
    // #endif
  })
}
