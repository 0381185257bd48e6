import { api, unwrap, type Schema } from './api'

/** Larger pictures are refused here already; the server makes them 1,600 pixels at most. */
export const MAX_UPLOAD_BYTES = 10 * 1024 * 1024
export const PICTURES = 'image/jpeg,image/png,image/webp,image/gif'

/** Stores a picture. The server encodes it anew and names it. */
export function uploadPicture(file: File): Promise<Schema<'FileOut'>> {
  return unwrap(api.POST('/api/console/files', {
    body: { file: file as unknown as string },
    bodySerializer: () => {
      const form = new FormData()
      form.set('file', file)
      return form
    },
  }))
}

export const MAX_VIDEO_BYTES = 50 * 1024 * 1024

/** Stores a video as it is; MP4 only. */
export function uploadVideo(file: File): Promise<Schema<'FileOut'>> {
  return unwrap(api.POST('/api/console/videos', {
    body: { file: file as unknown as string },
    bodySerializer: () => {
      const form = new FormData()
      form.set('file', file)
      return form
    },
  }))
}

/** Sends a table of goods to be read and tried out; nothing changes by it. */
export function uploadGoods(file: File): Promise<Schema<'GoodsImportDetail'>> {
  return unwrap(api.POST('/api/console/goods-imports', {
    body: { file: file as unknown as string },
    bodySerializer: () => {
      const form = new FormData()
      form.set('file', file)
      return form
    },
  }))
}

/** Sends a file of purchases made elsewhere; it is kept part by part, and nothing is added by it. */
export function uploadPurchases(file: File): Promise<Schema<'PastImportOut'>> {
  return unwrap(api.POST('/api/console/purchase-imports', {
    body: { file: file as unknown as string },
    bodySerializer: () => {
      const form = new FormData()
      form.set('file', file)
      return form
    },
  }))
}

/** Sends a table of stock; it is kept line by line and tried out, and nothing changes by it. */
export function uploadStock(file: File, plan: { mode: Schema<'ImportMode'>; location_id: number; reference: string }): Promise<Schema<'StockImportDetail'>> {
  return unwrap(api.POST('/api/console/stock-imports', {
    body: { file: file as unknown as string, ...plan },
    bodySerializer: () => {
      const form = new FormData()
      form.set('file', file)
      for (const [name, value] of Object.entries(plan)) form.set(name, String(value))
      return form
    },
  }))
}
