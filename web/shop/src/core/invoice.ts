import { t } from '@/i18n'
import { ApiError } from './errors'
import { token } from './session'
import { address } from './wire'

/** Opens the invoice's file. It is served to its fan only, so the address alone would not do. */
export async function openInvoice(no: string): Promise<void> {
  const url = address(`/api/shop/orders/${no}/invoice-file`)
  const header = { Authorization: `Bearer ${token()}` }
  const failed = new ApiError('broken', 'shop.invoice_file', t('error.broken'))
  // #ifdef H5
  const reply = await fetch(url, { headers: header })
  if (!reply.ok) throw failed
  const link = Object.assign(document.createElement('a'), { href: URL.createObjectURL(await reply.blob()), download: `${no}.pdf` })
  link.click()
  // #endif
  // #ifndef H5
  await new Promise<void>((resolve, reject) => {
    uni.downloadFile({ url, header, success: ({ tempFilePath }) => uni.openDocument({ filePath: tempFilePath, fileType: 'pdf', success: () => resolve(), fail: () => reject(failed) }), fail: () => reject(failed) })
  })
  // #endif
}
