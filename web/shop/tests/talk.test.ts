import { beforeEach, describe, expect, it, vi } from 'vitest'

interface Sent {
  url: string
  method: string
  header: Record<string, string>
  data: unknown
}
type Reply = { statusCode: number; data?: unknown; header?: Record<string, string> } | 'no network'

const sent: Sent[] = []
let replies: Reply[] = []

/** A phone inside WeChat, at a merchant's shop; `search` is what its address carries. */
async function arrive(search = '') {
  vi.resetModules()
  vi.stubGlobal('navigator', { userAgent: 'iPhone MicroMessenger/8.0.50' })
  history.replaceState(null, '', `/m/tea/shop/${search}#/pages/me/index`)
  uni.request = vi.fn((options: Sent & { success(reply: Reply): void; fail(): void }) => {
    sent.push(options)
    const reply = replies.shift() ?? { statusCode: 500, data: null }
    queueMicrotask(() => (reply === 'no network' ? options.fail() : options.success(reply)))
  }) as never
  return { api: await import('@/core/api'), session: await import('@/core/session'), errors: await import('@/core/errors') }
}

const key = (frame = '') => `tiefen.token:http://localhost:3000/m/tea:${frame}`

beforeEach(() => {
  sent.length = 0
  replies = []
  sessionStorage.clear()
  vi.unstubAllGlobals()
})

describe('talking to the server', () => {
  it('asks the merchant it was opened at, as the fan it knows, in the reader’s language', async () => {
    uni.setStorageSync(key(), 'known')
    const { api } = await arrive()
    replies = [{ statusCode: 200, data: { id: 1 } }]
    await expect(api.send('get', '/api/shop/orders/{order_no}', { path: { order_no: 'A/1' } })).resolves.toEqual({ id: 1 })
    expect(sent[0]?.url).toBe('http://localhost:3000/m/tea/api/shop/orders/A%2F1')
    expect(sent[0]?.header).toMatchObject({ Authorization: 'Bearer known', 'Accept-Language': 'zh' })
  })

  it('says a list value by value and leaves out what is empty', async () => {
    const { address } = await import('@/core/wire')
    expect(address('/api/shop/orders', { query: { status: ['paid', 'shipped'], cursor: null, q: '', limit: 10 } })).toMatch(/\?status=paid&status=shipped&limit=10$/)
  })

  it('tells no network from a refusal from a page that is no answer of ours', async () => {
    uni.setStorageSync(key(), 'known')
    const { api } = await arrive()
    replies = ['no network', { statusCode: 409, data: { error: { code: 'orders.pay_expired', message: '付款时间已过', id: 'r1' } } }, { statusCode: 502, data: '<html>' }]
    await expect(api.send('get', '/api/shop/cart', {})).rejects.toMatchObject({ kind: 'offline' })
    await expect(api.send('get', '/api/shop/cart', {})).rejects.toMatchObject({ kind: 'refused', code: 'orders.pay_expired', message: '付款时间已过', id: 'r1' })
    await expect(api.send('get', '/api/shop/cart', {})).rejects.toMatchObject({ kind: 'broken', code: 'http.502' })
  })

  it('names the field a refusal is about', async () => {
    const { errors } = await arrive()
    const refused = errors.refusal(422, { error: { code: 'x', message: '手机号不对', field: 'body.phone' } })
    expect(refused.field('phone')).toBe('手机号不对')
    expect(refused.field('name')).toBe('')
  })
})

describe('signing in through WeChat', () => {
  it('trades the code once, keeps the token, and cleans the address', async () => {
    sessionStorage.setItem('tiefen.oauth.state:', 's1')
    sessionStorage.setItem('tiefen.oauth.place:', '#/trade/checkout/index')
    const { api, session } = await arrive('?code=c1&state=s1&from=menu')
    expect(location.search + location.hash).toBe('?from=menu#/trade/checkout/index')
    replies = [{ statusCode: 200, data: { token: 'fresh' } }, { statusCode: 200, data: 'a' }, { statusCode: 200, data: 'b' }]
    await Promise.all([api.send('get', '/api/shop/cart', {}), api.send('get', '/api/shop/addresses', {})])
    expect(sent.map((each) => each.url.split('/api/shop')[1])).toEqual(['/session/oauth', '/cart', '/addresses'])
    expect(sent[0]?.data).toEqual({ code: 'c1', state: 's1' })
    expect(session.token()).toBe('fresh')
    expect(uni.getStorageSync(key())).toBe('fresh')
  })

  it.each([['a state it never sent', 's1'], ['no request of its own at all', null]])('does not use a code that comes with %s', async (_, mine) => {
    if (mine) sessionStorage.setItem('tiefen.oauth.state:', mine)
    const { session } = await arrive('?code=stolen&state=planted')
    replies = ['no network']
    await expect(session.renew()).rejects.toMatchObject({ kind: 'offline' })
    expect(sent.map((each) => each.url.includes('/oauth-url'))).toEqual([true])
  })

  it('stops going round in circles', async () => {
    const { session } = await arrive()
    sessionStorage.setItem('tiefen.oauth.tries:', '3')
    await expect(session.renew()).rejects.toMatchObject({ code: 'shop.sign_in' })
    expect(sent).toEqual([])
  })

  it('signs in anew when the session has ended, and only then asks again', async () => {
    uni.setStorageSync(key(), 'old')
    sessionStorage.setItem('tiefen.oauth.state:', 's2')
    const { api } = await arrive('?code=c2&state=s2')
    replies = [{ statusCode: 401, data: {} }, { statusCode: 200, data: { token: 'new' } }, { statusCode: 200, data: 'answer' }]
    await expect(api.send('post', '/api/shop/orders/{order_no}/cancel', { path: { order_no: 'O1' }, key: 'k' })).resolves.toBe('answer')
    expect(sent.map((each) => each.header.Authorization ?? '')).toEqual(['Bearer old', '', 'Bearer new'])
    expect([sent[0]?.header['Idempotency-Key'], sent[2]?.header['Idempotency-Key']]).toEqual(['k', 'k'])
  })

  it('lets a plain browser look around but not sign in', async () => {
    const { api, session } = await arrive()
    vi.stubGlobal('navigator', { userAgent: 'Chrome' })
    vi.resetModules()
    const plain = await import('@/core/api')
    replies = [{ statusCode: 200, data: 'home' }]
    await expect(plain.send('get', '/api/shop/home', {}, 'anyone')).resolves.toBe('home')
    await expect(plain.send('get', '/api/shop/cart', {})).rejects.toMatchObject({ code: 'shop.open_in_wechat' })
    expect([api, session]).toBeDefined()
  })
})
