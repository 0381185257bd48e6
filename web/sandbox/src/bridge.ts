/**
 * WeChat's bridge, as the shop's platform adapter speaks it to this page (web/shop/src/platform.ts):
 * it posts {type: "WeixinJSBridge", name, params, id} and waits for {type: "WeixinJSBridge:result", id, err_msg}.
 */
import type { PayParams } from './types'

export const PAY = 'getBrandWCPayRequest'
const FIELDS = ['appId', 'timeStamp', 'nonceStr', 'package', 'signType', 'paySign'] as const

export interface Call {
  id: string
  name: string
  params: Record<string, unknown>
}

/** The call in a window message; null when it is something else. */
export function callOf(data: unknown): Call | null {
  const said = data as { type?: unknown; id?: unknown; name?: unknown; params?: unknown } | null
  if (said?.type !== 'WeixinJSBridge' || typeof said.id !== 'string' || typeof said.name !== 'string') return null
  return { id: said.id, name: said.name, params: (said.params ?? {}) as Record<string, unknown> }
}

export function answerTo(call: Call, errMsg: string): object {
  return { type: 'WeixinJSBridge:result', id: call.id, err_msg: errMsg }
}

/** What getBrandWCPayRequest was given; null when a field or the prepay id is missing, which WeChat refuses too. */
export function paymentOf(params: Record<string, unknown>): { prepayId: string; params: PayParams } | null {
  const given = Object.fromEntries(FIELDS.map((name) => [name, params[name]]))
  if (!Object.values(given).every((value) => typeof value === 'string' && value)) return null
  const prepayId = /^prepay_id=(.+)$/.exec(String(given['package']))?.[1]
  return prepayId ? { prepayId, params: given as PayParams } : null
}

/** The payment a page outside WeChat opens WeChat for, '' when it says something else. */
export function opensPay(data: unknown): string {
  const said = data as { type?: unknown; opens?: unknown } | null
  if (said?.type !== 'weixin' || typeof said.opens !== 'string') return ''
  return /^weixin:\/\/wap\/pay\?prepayid=(\w+)$/.exec(said.opens)?.[1] ?? ''
}
