import { canBuy, returning } from '@/platform'
import { joinCart } from './cart'
import { watchNetwork } from './network'
import { pageOf } from './routes'
import { arrive, renew, signedIn } from './session'

/** Once per visit: the network, the fan's session, the short addresses of messages. */
export function start(): void {
  watchNetwork()
  // #ifdef H5
  window.addEventListener('hashchange', turn)
  turn() // a short address may have come while this script was starting
  document.addEventListener('keydown', pressByKey)
  // #endif
  // Inside WeChat signing in is silent, and every page may greet a known fan; elsewhere browsing goes on without.
  if (canBuy && (returning() || !signedIn.value)) renew().then(joinCart).catch(() => undefined)
  else if (canBuy) arrive()
}

/** Goes to the page that a short address in the address bar means. */
function turn(): void {
  const page = pageOf(location.hash)
  if (page) uni.reLaunch({ url: page })
}

/** What looks and is named like a button is one for the keyboard too: the framework only listens to touch. */
function pressByKey(event: KeyboardEvent): void {
  const at = event.target as HTMLElement
  if ((event.key !== 'Enter' && event.key !== ' ') || !at.matches('[role][tabindex]')) return
  event.preventDefault()
  at.click()
}
