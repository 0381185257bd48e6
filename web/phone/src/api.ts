import { createClient, serverRoot } from '@tiefen/client'
import { lang } from './i18n'
import { signedOut } from './session'

/** Same cookie, same server as the console's: this page is served at `/phone/` or `/m/<slug>/phone/`. */
export const api = createClient({
  root: serverRoot(location.pathname, 'phone'),
  language: () => lang.value,
  onSignedOut: signedOut,
})
export { ApiError, unwrap } from '@tiefen/client'
