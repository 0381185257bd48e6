import { lang, t } from '@/i18n'
import { asApiError, offline } from './errors'
import { token } from './session'
import type { Picture } from './types'
import { address } from './wire'

export const MOST_PICTURES = 9

/** Lets the fan choose pictures and stores each; resolves to those that were stored. */
export async function addPictures(room: number): Promise<Picture[]> {
  const paths = await new Promise<string[]>((resolve) => {
    uni.chooseImage({ count: room, sizeType: ['compressed'], success: (chosen) => resolve([...chosen.tempFilePaths]), fail: () => resolve([]) })
  })
  const stored: Picture[] = []
  for (const path of paths.slice(0, room)) stored.push(await store(path))
  return stored
}

function store(filePath: string): Promise<Picture> {
  return new Promise((resolve, reject) => {
    uni.uploadFile({
      url: address('/api/shop/after-sale-pictures'),
      filePath,
      name: 'file',
      header: { 'Accept-Language': lang.value, Authorization: `Bearer ${token()}` },
      success: (reply) => {
        if (reply.statusCode === 201) resolve(JSON.parse(reply.data) as Picture)
        else reject(asApiError(new Error(t('sale.picture_failed'))))
      },
      fail: () => reject(offline()),
    })
  })
}
