/** Which faults the sandbox knows, where each may strike, and what can be set on it. */
export type Target = 'push' | 'notice' | 'api'
export type Option = 'copies' | 'concurrent' | 'seconds' | 'retries' | 'how' | 'only' | 'delta' | 'value' | 'code'

export interface Kind {
  name: string
  targets: Target[]
  options: Option[]
}

const SENT: Target[] = ['push', 'notice']
const api = (name: string, ...options: Option[]): Kind => ({ name, targets: ['api'], options })
const fact = (name: string, ...options: Option[]): Kind => ({ name, targets: ['notice'], options: [...options, 'only'] })

export const KINDS: Kind[] = [
  { name: 'duplicate', targets: SENT, options: ['copies', 'concurrent'] },
  { name: 'delay', targets: SENT, options: ['seconds'] },
  { name: 'reorder', targets: SENT, options: [] },
  { name: 'drop', targets: SENT, options: ['retries'] },
  { name: 'forge', targets: [...SENT, 'api'], options: ['how', 'only'] },
  fact('wrong_amount', 'delta'),
  fact('wrong_order', 'value'),
  fact('wrong_merchant', 'value'),
  fact('wrong_currency', 'value'),
  fact('second_transaction'),
  api('timeout_before', 'seconds'),
  api('timeout_after', 'seconds'),
  api('http_500_before'),
  api('http_500_after'),
  api('truncated'),
  api('rate_limit', 'code'),
  api('token_rotate'),
]

export const FORGERIES = ['other_key', 'altered_body', 'headers_missing', 'empty_signature', 'unknown_serial', 'skew', 'signtest', 'bad_tag', 'other_app_id']
export const EVENTS = ['subscribe', 'unsubscribe', 'SCAN', 'CLICK', 'VIEW', 'text', 'TRANSACTION.SUCCESS', 'REFUND.SUCCESS']

/** What is tried most often, one tap each. */
export const READY: { key: 'twice' | 'later' | 'lost' | 'forged' | 'amount' | 'timeout'; rule: object }[] = [
  { key: 'twice', rule: { kind: 'duplicate', match: { target: 'notice' }, copies: 3, concurrent: true } },
  { key: 'later', rule: { kind: 'delay', match: { target: 'notice' }, seconds: 30 } },
  { key: 'lost', rule: { kind: 'drop', match: { target: 'notice' } } },
  { key: 'forged', rule: { kind: 'forge', match: { target: 'notice' }, how: 'other_key' } },
  { key: 'amount', rule: { kind: 'wrong_amount', delta: -100 } },
  { key: 'timeout', rule: { kind: 'timeout_after', match: { path: '/v3/refund*' } } },
]

export interface Draft {
  kind: string
  target: Target | ''
  event: string
  path: string
  account: string
  out_trade_no: string
  times: number
  always: boolean
  copies: number
  concurrent: boolean
  seconds: number
  retries: boolean
  how: string
  only: boolean
  delta: number
  value: string
  code: number
}

export function emptyDraft(): Draft {
  return {
    kind: 'duplicate', target: '', event: '', path: '', account: '', out_trade_no: '', times: 1, always: false, copies: 2,
    concurrent: false, seconds: 6, retries: false, how: 'other_key', only: false, delta: 1, value: '', code: 45009,
  }
}

/** The rule as the sandbox takes it: only what this kind knows, and only what was set. */
export function ruleOf(draft: Draft): Record<string, unknown> {
  const kind = KINDS.find((one) => one.name === draft.kind) ?? KINDS[0]!
  const wanted = [...kind.options, ...(kind.name === 'forge' && draft.how === 'skew' ? (['seconds'] as const) : [])]
  const options = Object.fromEntries(wanted.filter((name) => draft[name] !== '').map((name) => [name, draft[name]]))
  const sent = draft.target ? draft.target !== 'api' : kind.targets[0] !== 'api'
  const match = { target: draft.target, account: draft.account, out_trade_no: draft.out_trade_no, ...(sent ? { event: draft.event } : { path: draft.path }) }
  return {
    kind: kind.name,
    times: draft.always ? null : draft.times,
    match: Object.fromEntries(Object.entries(match).filter(([, value]) => value.trim())),
    ...options,
  }
}
