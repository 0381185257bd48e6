/**
 * The one place that knows where the shop runs: WeChat's own browser, the sandbox phone, a mini program or a plain
 * browser. Everything else asks it for the server's address, a sign-in and a payment.
 */
import type { PaySheet, SignIn } from '@/core/types'

export type Host = 'mini' | 'wechat' | 'sandbox' | 'browser'

/** How a payment sheet was left. `paid` is only what the phone says: the server decides. */
export type PayOutcome = 'paid' | 'cancelled' | 'failed'

interface Platform {
  host: Host
  /** The merchant's server, without a slash at the end. */
  server: string
  /** Several sandbox phones live on one origin: the frame's name keeps their fans apart. */
  frame: string
  /**
   * Signs the fan in: `open` trades what WeChat gave for a session, `leave` answers the address of WeChat's page
   * that asks the fan. Where that page must be visited the promise never settles: this page is being left.
   */
  signIn(open: (way: SignIn) => Promise<void>, leave: (back: string) => Promise<string>): Promise<void>
  /** True when this start is WeChat's answer to a request to sign in. */
  returning(): boolean
  pay(sheet: PaySheet): Promise<PayOutcome>
  /** How the fan came: the scene of a mini-program code, '' by a short link (its cookie says which), null otherwise. */
  cameBy(): string | null
}

function outcome(said: string): PayOutcome {
  if (/:ok$/.test(said)) return 'paid'
  return /cancel/.test(said) ? 'cancelled' : 'failed'
}

function mini(): Platform {
  return {
    host: 'mini',
    // Built in, or handed over by the merchant's extension settings (ext.json).
    server: import.meta.env.VITE_SERVER || ((uni.getExtConfigSync?.() as { server?: string } | undefined)?.server ?? ''),
    frame: '',
    returning: () => false,
    cameBy: () => decodeURIComponent((uni.getLaunchOptionsSync().query as { scene?: string } | undefined)?.scene ?? '') || null,
    async signIn(open) {
      const { code } = await uni.login({ provider: 'weixin' })
      await open({ kind: 'mini', code })
    },
    pay: (sheet) =>
      new Promise((resolve) => {
        uni.requestPayment({
          provider: 'wxpay',
          orderInfo: {},
          timeStamp: sheet.time_stamp,
          nonceStr: sheet.nonce_str,
          package: sheet.package,
          signType: sheet.sign_type,
          paySign: sheet.pay_sign,
          success: () => resolve('paid'),
          fail: (refusal: { errMsg?: string }) => resolve(outcome(refusal.errMsg ?? '')),
        })
      }),
  }
}

/** The sandbox phone shows the shop in a frame of its own page, on the same origin. */
function inSandbox(): boolean {
  try {
    // Its phone also has a browser outside WeChat.
    return !window.name.startsWith('outside') && window.parent !== window && /\/sandbox\//.test(window.parent.location.pathname)
  } catch {
    return false // the frame around us belongs to somebody else
  }
}

/** Asks the sandbox phone what WeChat's bridge would be asked, and waits for its answer. */
function askSandbox(name: string, params: object): Promise<string> {
  const id = `${Date.now()}-${Math.random().toString(36).slice(2)}`
  return new Promise((resolve) => {
    function hear(event: MessageEvent) {
      if (event.source !== window.parent || event.origin !== location.origin) return
      const said = event.data as { type?: string; id?: string; err_msg?: string } | null
      if (said?.type !== 'WeixinJSBridge:result' || said.id !== id) return
      window.removeEventListener('message', hear)
      resolve(said.err_msg ?? '')
    }
    window.addEventListener('message', hear)
    window.parent.postMessage({ type: 'WeixinJSBridge', name, params, id }, location.origin)
  })
}

async function askWeChat(name: string, params: object): Promise<string> {
  if (!window.WeixinJSBridge) {
    await new Promise((ready) => document.addEventListener('WeixinJSBridgeReady', ready, { once: true }))
  }
  return new Promise((resolve) => window.WeixinJSBridge?.invoke(name, { ...params }, (said) => resolve(said.err_msg)))
}

const MOST_TRIES = 3

function web(): Platform {
  const wechat = /MicroMessenger/i.test(navigator.userAgent)
  const host: Host = inSandbox() ? 'sandbox' : wechat ? 'wechat' : 'browser'
  const frame = host === 'sandbox' ? window.name : ''
  const STATE = `tiefen.oauth.state:${frame}`
  const TRIES = `tiefen.oauth.tries:${frame}`
  const PLACE = `tiefen.oauth.place:${frame}`

  /**
   * Code and state, when WeChat has just sent the fan back. The address is cleaned so that a reload cannot use them
   * again, and the page the fan was on (after the `#`, which does not travel through WeChat) is put back.
   */
  function takeAnswer(): { code: string; state: string } | null {
    const query = new URLSearchParams(location.search)
    const code = query.get('code')
    const state = query.get('state')
    if (!code || !state) return null
    query.delete('code')
    query.delete('state')
    const rest = query.toString()
    const place = sessionStorage.getItem(PLACE) ?? location.hash
    sessionStorage.removeItem(PLACE)
    history.replaceState(null, '', location.pathname + (rest ? `?${rest}` : '') + place)
    return { code, state }
  }

  /** Read once at start: the router rewrites the address soon after. */
  let answer = takeAnswer()

  return {
    host,
    frame,
    // `/m/x/shop/` is served by the same server as `/m/x/api`.
    server: import.meta.env.VITE_SERVER || location.origin + location.pathname.replace(/\/shop(\/.*)?$/, '').replace(/\/$/, ''),
    returning: () => answer !== null,
    cameBy: () => (/[?&]via=/.test(location.search) ? '' : null),
    async signIn(open, leave) {
      const given = answer
      answer = null
      const expected = sessionStorage.getItem(STATE)
      sessionStorage.removeItem(STATE)
      // A state we did not send is somebody else's authorisation planted in a link: ask anew instead of using it.
      if (given && expected === given.state) {
        await open({ kind: 'oauth', ...given })
        sessionStorage.removeItem(TRIES)
        return
      }
      const tries = Number(sessionStorage.getItem(TRIES) ?? 0)
      sessionStorage.setItem(TRIES, String(tries + 1))
      if (tries >= MOST_TRIES) {
        sessionStorage.removeItem(TRIES)
        throw new Error('sign-in goes in circles')
      }
      const url = await leave(location.href.split('#')[0] ?? '')
      sessionStorage.setItem(STATE, new URL(url, location.href).searchParams.get('state') ?? '')
      sessionStorage.setItem(PLACE, location.hash)
      location.replace(url)
      await new Promise(() => undefined)
    },
    async pay(sheet) {
      const ask = host === 'sandbox' ? askSandbox : askWeChat
      const said = await ask('getBrandWCPayRequest', {
        appId: sheet.app_id,
        timeStamp: sheet.time_stamp,
        nonceStr: sheet.nonce_str,
        package: sheet.package,
        signType: sheet.sign_type,
        paySign: sheet.pay_sign,
      })
      return outcome(said)
    },
  }
}

let here!: Platform
// #ifdef MP-WEIXIN
here = mini()
// #endif
// #ifdef H5
here = web()
// #endif

export const { host, server, frame, signIn, returning, pay, cameBy } = here

/** Only WeChat (or its stand-in) can sign a fan in and take money. */
export const canBuy = host !== 'browser'
