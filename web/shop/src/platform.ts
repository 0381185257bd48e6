/**
 * The one place that knows where the shop runs: WeChat's own browser, the sandbox phone, a mini program or a plain
 * browser. Everything else asks it for the server's address, a sign-in and a payment.
 */
import type { PayParams, SignIn } from '@/core/types'

export type Host = 'mini' | 'wechat' | 'sandbox' | 'browser'

/** How a payment sheet was left. `paid` is only what the phone says: the server decides. */
export type PayOutcome = 'paid' | 'cancelled' | 'failed'

// #ifdef MP-WEIXIN
export const host: Host = 'mini'
/** Built in, or handed over by the merchant's extension settings (ext.json). */
export const server: string =
  import.meta.env.VITE_SERVER || ((uni.getExtConfigSync?.() as { server?: string } | undefined)?.server ?? '')
export const frame = ''

export async function signIn(open: (way: SignIn) => Promise<void>): Promise<void> {
  const { code } = await uni.login({ provider: 'weixin' })
  await open({ kind: 'mini', code })
}

export function pay(params: PayParams): Promise<PayOutcome> {
  return new Promise((resolve) => {
    wx.requestPayment({
      timeStamp: params.timeStamp,
      nonceStr: params.nonceStr,
      package: params.package,
      signType: params.signType as 'RSA',
      paySign: params.paySign,
      success: () => resolve('paid'),
      fail: (refusal) => resolve(/cancel/.test(refusal.errMsg) ? 'cancelled' : 'failed'),
    })
  })
}
// #endif

// #ifdef H5
/** The sandbox phone shows the shop in a frame of its own page, on the same origin. */
function inSandbox(): boolean {
  try {
    return window.parent !== window && /\/sandbox\//.test(window.parent.location.pathname)
  } catch {
    return false // the frame around us belongs to somebody else
  }
}

export const host: Host = inSandbox()
  ? 'sandbox'
  : /MicroMessenger/i.test(navigator.userAgent)
    ? 'wechat'
    : 'browser'

/** `/m/x/shop/` is served by the same server as `/m/x/api`. */
export const server: string =
  import.meta.env.VITE_SERVER || location.origin + location.pathname.replace(/\/shop(\/.*)?$/, '').replace(/\/$/, '')

/** Several sandbox phones live on one origin: the frame's name keeps their fans apart. */
export const frame: string = host === 'sandbox' ? window.name : ''

const STATE = 'tiefen.oauth'
const TRIES = 'tiefen.oauth.tries'

/** Code and state, when WeChat has just sent the fan back to us; the address is cleaned so a reload cannot reuse them. */
function takeAnswer(): { code: string; state: string } | null {
  const query = new URLSearchParams(location.search)
  const code = query.get('code')
  const state = query.get('state')
  if (!code || !state) return null
  query.delete('code')
  query.delete('state')
  const rest = query.toString()
  history.replaceState(history.state, '', location.pathname + (rest ? `?${rest}` : '') + location.hash)
  return { code, state }
}

/** Read once at start: the router rewrites the address soon after. */
const answer = takeAnswer()
let answerUsed = false

/**
 * Signs the fan in through WeChat's web authorisation. The first call of a page that came back from it opens the
 * session; otherwise the page leaves for WeChat and the promise never settles.
 */
export async function signIn(
  open: (way: SignIn) => Promise<void>,
  leave: (back: string) => Promise<string>,
): Promise<void> {
  if (answer && !answerUsed) {
    answerUsed = true
    const expected = sessionStorage.getItem(STATE + frame)
    sessionStorage.removeItem(STATE + frame)
    // A state we did not send is somebody else's authorisation planted in a link: ask anew instead of using it.
    if (expected === answer.state) {
      await open({ kind: 'oauth', code: answer.code, state: answer.state })
      sessionStorage.removeItem(TRIES + frame)
      return
    }
  }
  const tries = Number(sessionStorage.getItem(TRIES + frame) ?? 0)
  if (tries >= 3) {
    sessionStorage.removeItem(TRIES + frame)
    throw new Error('oauth.loop')
  }
  sessionStorage.setItem(TRIES + frame, String(tries + 1))
  const url = await leave(location.href)
  const state = new URL(url, location.href).searchParams.get('state')
  if (state) sessionStorage.setItem(STATE + frame, state)
  location.replace(url)
  return new Promise(() => undefined)
}

/** True when this load is WeChat's answer to an authorisation request. */
export function returning(): boolean {
  return answer !== null && !answerUsed
}

let nextCall = 0

/** Asks the sandbox phone what WeChat's bridge would be asked. */
function sandboxInvoke(name: string, params: Record<string, unknown>): Promise<string> {
  const id = `${Date.now()}-${++nextCall}`
  return new Promise((resolve) => {
    function hear(event: MessageEvent) {
      if (event.source !== window.parent || event.origin !== location.origin) return
      const said = event.data as { type?: string; id?: string; err_msg?: string }
      if (said?.type !== 'WeixinJSBridge:result' || said.id !== id) return
      window.removeEventListener('message', hear)
      resolve(said.err_msg ?? '')
    }
    window.addEventListener('message', hear)
    window.parent.postMessage({ type: 'WeixinJSBridge', name, params, id }, location.origin)
  })
}

function bridgeReady(): Promise<WeixinBridge> {
  if (window.WeixinJSBridge) return Promise.resolve(window.WeixinJSBridge)
  return new Promise((resolve) => {
    document.addEventListener('WeixinJSBridgeReady', () => resolve(window.WeixinJSBridge as WeixinBridge), {
      once: true,
    })
  })
}

async function wechatInvoke(name: string, params: Record<string, unknown>): Promise<string> {
  const bridge = await bridgeReady()
  return new Promise((resolve) => bridge.invoke(name, params, (said) => resolve(said.err_msg)))
}

export async function pay(params: PayParams): Promise<PayOutcome> {
  const wanted = {
    appId: params.appId,
    timeStamp: params.timeStamp,
    nonceStr: params.nonceStr,
    package: params.package,
    signType: params.signType,
    paySign: params.paySign,
  }
  const invoke = host === 'sandbox' ? sandboxInvoke : wechatInvoke
  const said = await invoke('getBrandWCPayRequest', wanted)
  if (/:ok$/.test(said)) return 'paid'
  return /:cancel$/.test(said) ? 'cancelled' : 'failed'
}
// #endif

/** Only WeChat (or its stand-in) can sign a fan in and take money. */
export const canBuy: boolean = (host as Host) !== 'browser'
