/** What the sandbox's control API says; docs/guides/sandbox.md explains each. */

export interface Listed<T> {
  items: T[]
  next: string | null
}

export interface Fan {
  id: number
  nickname: string
  avatar_color: string
  phone: string
  city: string
  following: string[]
  openids: Record<string, string>
}

export interface Account {
  kind: 'oa' | 'mini' | 'pay'
  name: string
  app_id?: string
  mchid?: string
}

export interface Article {
  title: string
  description: string
  url: string
  picurl: string
}

export interface Template {
  title: string
  rows: { label: string; value: string }[]
  url: string
  mini: { appid?: string; pagepath?: string }
}

/** Fields that say nothing are left out by the sandbox. */
export interface Message {
  seq: number
  at: string
  direction: 'in' | 'out' | 'note'
  via: string
  kind: string
  text?: string
  media_url?: string
  articles?: Article[]
  template?: Template
  options?: { id: string; content: string }[]
  location?: { latitude: number; longitude: number; label: string }
  card?: Record<string, string>
}

export interface Chat {
  app_id: string
  kind: 'oa' | 'mini'
  name: string
  at: string
  last: Message | null
  unread: number
  following: boolean
}

export interface MenuButton {
  name: string
  type?: string
  key?: string
  url?: string
  sub_button?: MenuButton[]
}

export interface Thread {
  items: Message[]
  menu: { button?: MenuButton[] } | null
  name: string
  following: boolean
}

export interface Notice {
  seq: number
  at: string
  source: string
  title: string
  rows: { label: string; value: string }[]
  url?: string
}

export interface Code {
  kind: 'oa' | 'mini'
  app_id: string
  text: string
  ticket: string
  scene: string
  page: string
  expires_at: string | null
  image_url: string
}

export interface Push {
  outcome: 'accepted' | 'replied' | 'failed' | 'unset' | 'held' | 'dropped'
  attempts: { status: number; ms: number; error: string }[]
}

/** The answer of any deed on a phone; which fields are there depends on the deed. */
export interface Deed {
  kind?: string
  push?: Push | null
  url?: string
  app_id?: string
  page?: string
  ticket?: string
  text?: string
  prepay_id?: string
}

export interface PaySheet {
  prepay_id: string
  product: string
  state: string
  amount_fen: number
  description: string
  payee: string
  out_trade_no: string
  expires_at: string
  paid: boolean
}

/** What the shop's page hands to WeChat's bridge. */
export type PayParams = Record<'appId' | 'timeStamp' | 'nonceStr' | 'package' | 'signType' | 'paySign', string>

export type PayOutcome = 'success' | 'cancel' | 'insufficient' | 'error'

export interface PayAnswer {
  result: 'ok' | 'cancel' | 'fail'
  err_msg: string
  signature: string
}

export interface WireEntry {
  id: number
  at: string
  direction: 'in' | 'out'
  platform: string
  account: string
  method: string
  url: string
  status: number
  signature: string
  ms: number
  fault: string
  error: string
  request: { headers: Record<string, string>; body: string }
  response: { status: number; headers: Record<string, string>; body: string }
  decoded: string | null
  response_decoded: string | null
  curl: string
}

export interface Rule {
  id: number
  kind: string
  match: Record<string, string>
  left: number | null
  hits: number
  how: string
  copies: number
  concurrent: boolean
  seconds: number | null
  retries: boolean
  only: boolean
  delta: number
  value: string
  code: number
}

export interface ClockState {
  now: string
  wire: string
  offset: number
  frozen: boolean
  next_due: string | null
}

export interface Order {
  out_trade_no: string
  product: string
  description: string
  amount_fen: number
  state: string
  prepay_ids: string[]
}

export interface Charge {
  transaction_id: string
  out_trade_no: string
  fan: number
  product: string
  amount_fen: number
  fee_fen: number
  refunded_fen: number
  charged_at: string
}

export interface Refund {
  refund_id: string
  out_refund_no: string
  out_trade_no: string
  amount_fen: number
  reason: string
  status: string
  created_at: string
}

export interface PayNotice {
  id: string
  event: string
  reference: string
  out_trade_no: string
  url: string
  state: string
  created_at: string
  next_at: string | null
  attempts: { at: string; status: number; error: string; kind: string; accepted: boolean }[]
}

export interface Home {
  now: string
  counts: Record<'accounts' | 'fans' | 'orders' | 'charges' | 'refunds' | 'notices', number>
}
