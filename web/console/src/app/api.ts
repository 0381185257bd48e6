import { createClient, serverRoot } from '@tiefen/client'
import { currentLocale } from './i18n'

export { ApiError, idempotencyKey, unwrap, type Schema } from '@tiefen/client'

/** Everything before /console/ in our own address belongs to the merchant. */
export const root = serverRoot(location.pathname, 'console')

let signedOut: () => void = () => undefined

/** The session registers what to do when the server no longer knows us. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener
}

export const api = createClient({
  root,
  language: () => (currentLocale() === 'zh' ? 'zh-CN' : 'en'),
  onSignedOut: () => signedOut(),
})
