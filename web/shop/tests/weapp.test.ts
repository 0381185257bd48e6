// @vitest-environment node
import { cpSync, mkdtempSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { World } from './world'

interface Page {
  close(): void
  find(testid: string): unknown[]
  tap(testid: string, index?: number): Promise<void>
  text(): string
}
interface Phone {
  answers: Record<string, (options: Record<string, unknown>) => Record<string, unknown>>
  boot(root: string): void
  calls: [string, Record<string, unknown>][]
  open(root: string, page: string, query?: Record<string, string>): Promise<Page>
  storage: Map<string, unknown>
}

const world = new World()
let phone: Phone
let root = ''

/** The built mini program on WeChat's own runtime, tapped through from a product to a refund. */
beforeAll(() => {
  // The output is CommonJS: it must not lie under a package.json that says "module".
  root = mkdtempSync(join(tmpdir(), 'tiefen-weapp-'))
  cpSync(fileURLToPath(new URL('../dist/build/mp-weixin', import.meta.url)), root, { recursive: true })
  phone = createRequire(import.meta.url)('../tools/weapp-phone.cjs') as Phone
  phone.answers.login = () => ({ code: 'c1', errMsg: 'login:ok' })
  phone.answers.getNetworkType = () => ({ networkType: 'wifi', errMsg: 'getNetworkType:ok' })
  phone.answers.showModal = () => ({ confirm: true, errMsg: 'showModal:ok' })
  phone.answers.request = (options) => {
    const url = new URL(options.url as string)
    const { status, body } = world.answer({
      method: options.method as string, path: url.pathname, query: Object.fromEntries(url.searchParams), body: (options.data as Record<string, unknown>) ?? {}, headers: options.header as Record<string, string>,
    })
    return { statusCode: status, data: structuredClone(body), header: { Date: new Date().toUTCString() }, errMsg: 'request:ok' }
  }
  phone.boot(root)
})

/** The runtime survives an error in a template and says so here: it must never have to. */
const complaints = vi.fn()
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(complaints))
afterEach(() => expect(complaints.mock.calls).toEqual([]))

const gone = (name: string) => phone.calls.filter(([call]) => call === name).map(([, options]) => options.url)

describe('the mini program', () => {
  it('signs in by wx.login as soon as it starts, and keeps the session', async () => {
    const page = await phone.open(root, 'pages/home/index')
    expect(page.text()).toContain('明前龙井')
    expect(world.asked.find((each) => each.path.endsWith('/session/mini'))?.body).toEqual({ code: 'c1', scene: '' })
    expect([...phone.storage.values()]).toContain('token-1')
    await page.tap('lead')
    expect(gone('navigateTo')).toEqual(['/pages/product/index?id=1'])
    page.close()
  })

  it('buys in three taps, and a double tap on the last orders and pays once', async () => {
    phone.answers.requestPayment = () => {
      world.pay([...world.orders.keys()][0] as string)
      return { errMsg: 'requestPayment:ok' }
    }
    const product = await phone.open(root, 'pages/product/index', { id: '2' })
    await product.tap('buy-now')
    await product.tap('sku-confirm')
    expect(gone('navigateTo')).toContain('/trade/checkout/index')
    product.close()
    const checkout = await phone.open(root, 'trade/checkout/index')
    expect(checkout.text()).toContain('每日坚果礼盒')
    await Promise.all([checkout.tap('submit'), checkout.tap('submit')])
    expect(world.orders.size).toBe(1)
    expect(phone.calls.filter(([call]) => call === 'requestPayment')).toHaveLength(1)
    expect(gone('redirectTo').at(-1)).toMatch(/^\/trade\/result\/index\?no=\d+&said=paid$/)
    checkout.close()
    const result = await phone.open(root, 'trade/result/index', { no: [...world.orders.keys()][0] as string, said: 'paid' })
    expect(result.text()).toContain('付款成功')
    result.close()
  })

  it('asks for the SKU before it sells, and says what is left of it', async () => {
    const page = await phone.open(root, 'pages/product/index', { id: '1' })
    await page.tap('add-to-cart')
    await page.tap('sku-confirm')
    expect(page.text()).toContain('请选择 净含量、包装')
    await page.tap('option-125g')
    await page.tap('option-罐装')
    expect(page.text()).toContain('仅剩 3 件')
    await page.tap('sku-confirm')
    expect(world.cart).toEqual([{ sku_id: 12, quantity: 1, seen: 15800 }])
    page.close()
  })

  it('explains cart lines that cannot be bought', async () => {
    world.cart.push({ sku_id: 30, quantity: 1, seen: 8900 }, { sku_id: 11, quantity: 1, seen: 5800 })
    world.offShelf = [3]
    const page = await phone.open(root, 'pages/cart/index')
    expect(page.text()).toContain('已下架，不再销售')
    expect(page.text()).toContain('比加入时贵了 ¥10.00')
    page.close()
  })

  it('shows a changed price and orders only at the price the fan has seen', async () => {
    const cart = await phone.open(root, 'pages/cart/index')
    await cart.tap('settle')
    cart.close()
    const checkout = await phone.open(root, 'trade/checkout/index')
    world.raise = 100
    await checkout.tap('submit')
    expect(world.orders.size).toBe(1)
    expect(checkout.text()).toContain('价格或运费有变化')
    await checkout.tap('submit')
    expect(world.orders.size).toBe(2)
    checkout.close()
  })

  it('lets nobody pay again while the money of a paid order is on its way', async () => {
    const no = [...world.orders.keys()][1] as string
    const sheets = () => phone.calls.filter(([call]) => call === 'requestPayment').length
    const before = sheets()
    const order = await phone.open(root, 'trade/order/index', { no, said: 'paid' })
    expect(order.text()).toContain('正在确认付款')
    await order.tap('pay')
    expect(sheets()).toBe(before)
    world.pay(no)
    await vi.waitFor(() => expect(order.text()).toContain('待发货'), { timeout: 5_000 })
    order.close()
  })

  it('receives an order and asks money back for one piece of it', async () => {
    const no = [...world.orders.keys()][0] as string
    world.ship(no)
    const order = await phone.open(root, 'trade/order/index', { no })
    expect(order.text()).toContain('SF1029384756')
    await order.tap('receive')
    expect(world.orders.get(no)?.status).toBe('received')
    order.close()
    const refund = await phone.open(root, 'trade/refund/index', { no })
    await refund.tap('refund-submit')
    expect(refund.text()).toContain('请选择原因')
    await refund.tap('reason-damaged')
    await refund.tap('refund-submit')
    expect(world.sales.size).toBe(1)
    expect(gone('redirectTo').at(-1)).toContain('/trade/after-sale/index?no=AS')
    refund.close()
  })

  it.each(['pages/category/index', 'pages/list/index', 'pages/me/index', 'trade/orders/index', 'trade/after-sales/index', 'mine/addresses/index', 'mine/address/index', 'mine/settings/index', 'mine/privacy/index', 'mine/outside/index'])(
    'opens %s',
    async (path) => {
      const page = await phone.open(root, path)
      expect(page.text()).not.toBe('')
      page.close()
    },
  )
})
