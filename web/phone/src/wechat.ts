/** WeChat's own browser (or its stand-in's) can say who holds the phone; other browsers cannot. */
import { api, ApiError, unwrap } from './api'

export type Purpose = 'enter' | 'bind'
interface Answer {
  code: string
  state: string
}

const PURPOSE = 'tiefen.phone.wechat'
const PLACE = 'tiefen.phone.place'
/** Asked once a visit: who is not known to WeChat signs in with a password, not in circles. */
const TRIED = 'tiefen.phone.tried'

function inSandbox(): boolean {
  try {
    return window.parent !== window && /\/sandbox\//.test(window.parent.location.pathname)
  } catch {
    return false // the frame around us belongs to somebody else
  }
}

export const inWechat = /MicroMessenger/i.test(navigator.userAgent) || inSandbox()

/** Takes WeChat's answer out of the address, and puts back the page that was open (what is after `#` does not travel). */
export function answerIn(address: Location, kept: Storage): (Answer & { purpose: Purpose }) | null {
  const query = new URLSearchParams(address.search)
  const code = query.get('code')
  const state = query.get('state')
  const purpose = kept.getItem(PURPOSE)
  if (!code || !state) return null
  history.replaceState(null, '', address.pathname + (kept.getItem(PLACE) ?? address.hash))
  kept.removeItem(PURPOSE)
  kept.removeItem(PLACE)
  // An answer nobody here asked for was planted in a link.
  return purpose === 'enter' || purpose === 'bind' ? { code, state, purpose } : null
}

let answer = answerIn(location, sessionStorage)

/** Off to WeChat; this page is being left. */
export async function askWechat(purpose: Purpose): Promise<void> {
  const { url } = await unwrap(api.GET('/api/console/session/wechat'))
  sessionStorage.setItem(PURPOSE, purpose)
  sessionStorage.setItem(PLACE, location.hash)
  location.replace(url)
  await new Promise(() => undefined)
}

/** Does what WeChat was asked for, when it has just answered; true when something was done. */
export async function takeUp(): Promise<boolean> {
  const given = answer
  answer = null
  if (!given) return false
  const body = { code: given.code, state: given.state }
  if (given.purpose === 'bind') await unwrap(api.POST('/api/console/me/wechat/here', { body }))
  else await unwrap(api.POST('/api/console/session/wechat', { body }))
  return true
}

/** Tries to come in without a password, once a visit. False: the form it is. */
export async function comeIn(): Promise<boolean> {
  if (!inWechat || sessionStorage.getItem(TRIED)) return false
  sessionStorage.setItem(TRIED, '1')
  try {
    await askWechat('enter')
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown // no official account, or no line: the form will say
  }
  return false
}
