import { describe, expect, it } from 'vitest'
import { answerTo, callOf, paymentOf } from '../src/bridge'
import { emptyDraft, ruleOf } from '../src/faults'

const params = { appId: 'wx1', timeStamp: '1', nonceStr: 'n', package: 'prepay_id=wx99', signType: 'RSA', paySign: 's' }

describe('the bridge to the shop', () => {
  it('hears only calls of the bridge and answers under their id', () => {
    const call = callOf({ type: 'WeixinJSBridge', name: 'getBrandWCPayRequest', params, id: '7' })
    expect(call).toEqual({ id: '7', name: 'getBrandWCPayRequest', params })
    expect(answerTo(call!, 'x:ok')).toEqual({ type: 'WeixinJSBridge:result', id: '7', err_msg: 'x:ok' })
    for (const other of [null, 'text', { type: 'WeixinJSBridge:result', id: '7' }, { type: 'WeixinJSBridge', name: 'a' }]) expect(callOf(other)).toBeNull()
  })

  it('asks for a payment only with every field and a prepay id', () => {
    expect(paymentOf({ ...params, more: 1 })).toEqual({ prepayId: 'wx99', params })
    expect(paymentOf({ ...params, paySign: '' })).toBeNull()
    expect(paymentOf({ ...params, package: 'wx99' })).toBeNull()
  })
})

describe('a fault as the sandbox takes it', () => {
  it('carries only what its kind knows', () => {
    expect(ruleOf(emptyDraft())).toEqual({ kind: 'duplicate', times: 1, match: {}, copies: 2, concurrent: false })
    expect(ruleOf({ ...emptyDraft(), kind: 'timeout_after', path: '/v3/*', event: 'subscribe', always: true })).toEqual({ kind: 'timeout_after', times: null, match: { path: '/v3/*' }, seconds: 6 })
    expect(ruleOf({ ...emptyDraft(), kind: 'forge', how: 'skew', seconds: 400, target: 'push', event: 'SCAN' })).toEqual({
      kind: 'forge', times: 1, match: { target: 'push', event: 'SCAN' }, how: 'skew', only: false, seconds: 400,
    })
  })
})
