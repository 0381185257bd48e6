/** Reading a code with the phone's camera: WeChat's own scanner inside WeChat, else the browser's detector. */
import { api, unwrap } from './api'
import { inWechat } from './wechat'

interface Detector {
  detect: (source: HTMLVideoElement) => Promise<{ rawValue: string }[]>
}
type DetectorMaker = new (options: { formats: string[] }) => Detector
interface Bridge {
  invoke: (name: string, params: object, done: (said: { err_msg: string; resultStr?: string }) => void) => void
}

const maker = (window as { BarcodeDetector?: DetectorMaker }).BarcodeDetector
const bridge = (): Bridge | undefined => (window as { WeixinJSBridge?: Bridge }).WeixinJSBridge

/** How this phone can scan; `none`: the code is typed. */
export const way: 'wechat' | 'camera' | 'none' = inWechat && bridge() ? 'wechat' : maker && navigator.mediaDevices ? 'camera' : 'none'

/** The code in whatever was read: its twelve digits, with or without blanks. Empty: it is none of ours. */
export function codeIn(text: string): string {
  const digits = text.replace(/\s/g, '')
  return /^\d{12}$/.test(digits) ? digits : ''
}

/** WeChat opens its scanner; the page must be signed for it first. */
export async function scanInWechat(): Promise<string> {
  const here = bridge()
  if (!here) return ''
  const sign = await unwrap(api.GET('/api/shop/jssdk', { params: { query: { url: location.href.split('#')[0] ?? '' } } }))
  const signed = { appId: sign.app_id, verifyAppId: sign.app_id, verifySignType: 'sha1', verifyTimestamp: String(sign.timestamp), verifyNonceStr: sign.nonce_str, verifySignature: sign.signature }
  const ask = (name: string, params: object): Promise<string> => new Promise((resolve) => here.invoke(name, { ...signed, ...params }, (said) => resolve(said.resultStr ?? '')))
  await ask('preVerifyJSAPI', { verifyJsApiList: ['scanQRCode'] })
  return ask('scanQRCode', { needResult: 1, scanType: ['qrCode'] })
}

const LOOK_MS = 250

/** Looks through the camera until a code of ours is seen or `stop` is called. */
export function watch(video: HTMLVideoElement, seen: (code: string) => void, failed: () => void): () => void {
  let stream: MediaStream | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  function stop(): void {
    over = true
    clearTimeout(timer)
    stream?.getTracks().forEach((track) => track.stop())
  }
  async function look(detector: Detector): Promise<void> {
    if (over) return
    const found = await detector.detect(video).catch(() => [])
    const code = found.map((one) => codeIn(one.rawValue)).find(Boolean)
    if (code && !over) {
      stop()
      seen(code)
    } else timer = setTimeout(() => void look(detector), LOOK_MS)
  }
  async function begin(): Promise<void> {
    if (!maker) throw new Error('no detector')
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } })
    if (over) return stop()
    video.srcObject = stream
    await video.play()
    await look(new maker({ formats: ['qr_code'] }))
  }
  begin().catch(() => {
    stop()
    failed()
  })
  return stop
}
