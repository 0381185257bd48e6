import type { Address, AfterSale, Cart, CartItem, Fan, MyPrivacy, Order, Placed, Product, Quote, Region } from '@/core/types'
import { categories, pieces, products } from './goods'

export interface Question {
  method: string
  path: string
  query: Record<string, string>
  body: Record<string, unknown>
  headers: Record<string, string>
}
export interface Answer {
  status: number
  body: unknown
}

const NO = '202611220001'
const AT = '2026-11-22T02:00:00Z'
const ok = (body: unknown, status = 200): Answer => ({ status, body })
const refuse = (status: number, code: string, message: string, details: object = {}): Answer => ({ status, body: { error: { code, message, field: null, fields: [], details, id: 'req-test' } } })

/** A server small enough to read: what the shop's pages need to be opened and tapped, in the server's own types. */
export class World {
  readonly goods: Product[]
  cart: { sku_id: number; quantity: number; seen: number }[] = []
  addresses: Address[] = [{ id: 1, name: '林小满', phone: '13800001234', region_code: '330106', province: '浙江省', city: '杭州市', district: '西湖区', detail: '文三路 90 号 2 幢 1201', is_default: true }]
  orders = new Map<string, Order>()
  sales = new Map<string, AfterSale>()
  /** Answers kept by idempotency key, as the server does. */
  keyed = new Map<string, Answer>()
  asked: Question[] = []
  offShelf: number[] = []
  /** Set to let the next order be refused once, because the price moved. */
  raise = 0

  constructor(readonly base = 'https://shop.test') {
    this.goods = products(base)
  }

  answer(question: Question): Answer {
    this.asked.push(question)
    const key = question.headers['Idempotency-Key']
    if (key && this.keyed.has(key)) return this.keyed.get(key) as Answer
    const answer = this.route(question)
    if (key && answer.status < 400) this.keyed.set(key, answer)
    return answer
  }

  private route({ method, path, query, body }: Question): Answer {
    const at = path.replace(/^\/api\/shop/, '').split('/').slice(1)
    const [what, id, deed] = at
    const call = `${method} ${what}`
    if (call === 'GET home') return ok({ categories: categories(this.base), recommended: this.goods.map(row), newest: this.goods.slice(2, 7).map(row) })
    if (call === 'GET categories') return ok(categories(this.base))
    if (call === 'GET products' && !id) return ok({ items: this.find(query).map(row), next: null })
    if (call === 'GET products' && deed === 'offers') return ok({ tags: [], prices: [], level_name: '', level_prices: [] })
    if (call === 'GET products' && deed === 'stock') return ok(this.product(Number(id))?.skus.map((sku) => ({ sku_id: sku.id, available: pieces[sku.id] ?? 99 })) ?? [])
    if (call === 'GET products') return this.product(Number(id)) ? ok(this.product(Number(id))) : refuse(404, 'catalog.product_missing', '商品不存在或已下架')
    if (what === 'pay-links') return this.payLink((id ?? '').split('-')[0] ?? '', deed)
    if (call === 'POST session') return ok({ token: 'token-1', fan: this.fan() })
    if (what === 'me' && id === 'privacy') return ok({ no_contact: false, place: { offered: true, days: 30, agreed: false, at: null }, kept: [{ table: 'address', name: '收货地址', rows: this.addresses.length, gone: true }], requests: [], holds: [] } satisfies MyPrivacy)
    if (call === 'GET points') return ok(id ? { items: [], next: null } : { available: 0, frozen: 0, debt: 0, worth_fen: 0, ending: 0, ending_on: null, earning: false, per_100: 100, hold_days: 7, live_days: 365, spending: false, hundred_fen: 100, cap_bp: 5000, from_fen: 0 })
    if (call === 'GET level') return ok({ level_id: 0, growth_fen: 0, missing_fen: 0, window_days: 365, counts: 'received', review_on: null, short_fen: 0, levels: [] })
    if (call === 'GET me') return ok(this.fan())
    if (what === 'cart' && id === 'merge') return this.mergeCart(body.lines as { sku_id: number; quantity: number }[])
    if (what === 'cart' && id === 'mend') return this.mendCart()
    if (what === 'cart') return this.onCart(method, Number(at[2]), body)
    if (call === 'GET regions') return ok(REGIONS)
    if (what === 'addresses') return this.onAddresses(method, Number(id), body)
    if (call === 'POST checkout' && id === 'fields') return ok([])
    if (call === 'POST checkout') return ok(this.quote(body.lines as { sku_id: number; quantity: number }[]))
    if (what === 'orders' && deed === 'paperwork') return ok({ answers: [], invoice: null, can_invoice: false })
    if (what === 'orders' && deed === 'again') return this.mergeCart(this.orders.get(id ?? '')?.lines ?? [])
    if (what === 'orders') return this.onOrders(method, id, deed, at[4], body)
    if (what === 'after-sales') return id ? ok(this.sales.get(id)) : ok({ items: [...this.sales.values()], next: null })
    return refuse(404, 'kernel.no_route', `${method} ${path}`)
  }

  private fan(): Fan {
    return { id: 1, name: '小满', nickname: '小满', avatar_url: '', phone_masked: '138****1234', following: true, orders: this.orders.size }
  }

  private product(id: number): Product | undefined {
    return this.goods.find((each) => each.id === id && !this.offShelf.includes(id))
  }

  private find(query: Record<string, string>): Product[] {
    const found = this.goods.filter((each) => each.name.includes(query.q ?? '') && (!query.category_id || each.category_id === Number(query.category_id)))
    return query.sort === 'price_asc' ? [...found].sort((a, b) => a.price_min_fen - b.price_min_fen) : found
  }

  private line(sku_id: number, quantity: number) {
    const product = this.goods.find((each) => each.skus.some((sku) => sku.id === sku_id)) as Product
    const sku = product.skus.find((each) => each.id === sku_id) as Product['skus'][number]
    const unit = sku.price_fen + this.raise
    return { sku_id, product_id: product.id, product_name: product.name, spec_text: sku.values.join(' / '), image_url: product.image_urls[0] ?? '', quantity, unit_price_fen: unit, list_fen: unit * quantity, discount_fen: 0, pay_fen: unit * quantity, gift: false, offers: [] }
  }

  cartNow(): Cart {
    const items = this.cart.map(({ sku_id, quantity, seen }): CartItem => {
      const { unit_price_fen, product_id, product_name, spec_text, image_url } = this.line(sku_id, quantity)
      const available = pieces[sku_id] ?? 99
      const state = this.offShelf.includes(product_id) ? 'gone' : available < quantity ? 'short' : 'ok'
      return { sku_id, product_id, product_name, spec_text, image_url, quantity, price_fen: unit_price_fen, price_seen_fen: seen, price_changed: seen !== unit_price_fen, available, state, message: '' }
    })
    const good = items.filter((item) => item.state === 'ok')
    return { items, quantity: items.reduce((sum, item) => sum + item.quantity, 0), goods_fen: good.reduce((sum, item) => sum + item.price_fen * item.quantity, 0) }
  }

  private mergeCart(lines: { sku_id: number; quantity: number }[]): Answer {
    for (const { sku_id, quantity } of lines) {
      const seen = this.line(sku_id, 1).unit_price_fen
      this.cart = [{ sku_id, quantity: Math.max(quantity, this.cart.find((each) => each.sku_id === sku_id)?.quantity ?? 0), seen }, ...this.cart.filter((each) => each.sku_id !== sku_id)]
    }
    return ok({ ...this.cartNow(), left_out: [] })
  }

  private mendCart(): Answer {
    this.cart = this.cartNow().items.filter((item) => item.state !== 'gone' && item.available > 0).map((item) => ({ sku_id: item.sku_id, quantity: Math.min(item.quantity, item.available), seen: item.price_fen }))
    return ok(this.cartNow())
  }

  private onCart(method: string, sku: number, body: Record<string, unknown>): Answer {
    if (method === 'POST') this.cart.unshift({ sku_id: Number(body.sku_id), quantity: Number(body.quantity), seen: this.line(Number(body.sku_id), 1).unit_price_fen })
    if (method === 'PATCH') this.cart = this.cart.map((each) => (each.sku_id === sku ? { ...each, quantity: Number(body.quantity) } : each))
    if (method === 'DELETE') this.cart = this.cart.filter((each) => each.sku_id !== sku)
    return ok(this.cartNow())
  }

  private onAddresses(method: string, id: number, body: Record<string, unknown>): Answer {
    if (method === 'GET') return ok(this.addresses)
    if (method === 'DELETE') this.addresses = this.addresses.filter((each) => each.id !== id)
    if (method === 'DELETE') return ok({ ok: true })
    const saved = { ...(body as unknown as Address), id: id || this.addresses.length + 1, province: '浙江省', city: '杭州市', district: '西湖区' }
    this.addresses = [saved, ...this.addresses.filter((each) => each.id !== saved.id)]
    return ok(saved, method === 'POST' ? 201 : 200)
  }

  private quote(wanted: { sku_id: number; quantity: number }[]): Quote {
    const lines = wanted.map(({ sku_id, quantity }) => this.line(sku_id, quantity))
    const goods_fen = lines.reduce((sum, line) => sum + line.pay_fen, 0)
    const freight_fen = goods_fen >= 9900 ? 0 : 800
    const trace = lines.map((line) => ({ step: 'list_price', sku_id: line.sku_id, promotion_id: 0, amount_fen: line.list_fen, text: `${line.product_name} ¥${line.unit_price_fen / 100} × ${line.quantity}` }))
    return { lines, goods_fen, freight_fen, discount_fen: 0, total_fen: goods_fen + freight_fen, trace: [...trace, { step: 'freight', sku_id: null, promotion_id: 0, amount_fen: freight_fen, text: freight_fen ? '运费' : '满 ¥99.00 包邮' }], missed: [], problems: [], can_place: true, needs_address: true, digest: `d${goods_fen}`, coupon_id: 0, coupon_saved_fen: 0, best_coupon_id: 0, points: null, presale: null, coupons: [] }
  }

  private place(body: Record<string, unknown>): Answer {
    const quote = this.quote(body.lines as { sku_id: number; quantity: number }[])
    if (quote.digest !== body.digest) return refuse(409, 'orders.quote_changed', '价格或运费有变化，请确认后重新提交', { quote, changes: [{ what: 'total', sku_id: null, before: 0, after: quote.total_fen }] })
    const order_no = NO + String(this.orders.size + 1)
    const address = this.addresses.find((each) => each.id === body.address_id) as Address
    const lines = quote.lines.map((line, index) => ({ ...line, id: index + 1, shipped: 0, refundable: 0, returnable: 0, refunded_fen: 0, refunding_fen: 0 }))
    const pay_until = new Date(Date.now() + 30 * 60_000).toISOString()
    this.orders.set(order_no, {
      order_no, status: 'unpaid', total_fen: quote.total_fen, refunded_fen: 0, quantity: lines.reduce((sum, line) => sum + line.quantity, 0), lines, placed_at: AT, pay_until, presale: null, travels: true, can: { pay: true, cancel: true, receive: false, refund: false, urge: false, extend: false },
      goods_fen: quote.goods_fen, freight_fen: quote.freight_fen, discount_fen: 0, paid_fen: 0, refunding_fen: 0, note: String(body.note ?? ''), receiver: { name: address.name, phone: address.phone, region: '浙江省 杭州市 西湖区', detail: address.detail },
      parcels: [], after_sales: [], reduced_fen: 0, price_changes: [], trace: quote.trace, missed: [], offers: {}, paid_at: null, shipped_at: null, received_at: null, closed_at: null, close_reason: '',
    })
    this.cart = this.cart.filter((each) => !quote.lines.some((line) => line.sku_id === each.sku_id))
    const placed: Placed = { order_no, status: 'unpaid', total_fen: quote.total_fen, pay_until }
    return ok(placed, 201)
  }

  private onOrders(method: string, no: string | undefined, deed: string | undefined, more: string | undefined, body: Record<string, unknown>): Answer {
    if (method === 'POST' && !no) return this.place(body)
    if (!no) return ok({ items: [...this.orders.values()], next: null })
    const order = this.orders.get(no)
    if (!order) return refuse(404, 'orders.order_missing', '订单不存在')
    if (deed === 'pay') return ok({ client: 'mini', expires_at: order.pay_until, code_url: null, sheet: { app_id: 'wx1', time_stamp: '1', nonce_str: 'n', package: 'prepay_id=1', sign_type: 'RSA', pay_sign: 's' } })
    if (deed === 'pay-link') return ok({ token: `${no}-1-1-0`, until: AT })
    if (deed === 'payment') return ok({ paid: order.status !== 'unpaid', order_status: order.status })
    if (deed === 'cancel') this.change(no, { status: 'closed', close_reason: 'cancelled', closed_at: AT, can: { pay: false, cancel: false, receive: false, refund: false, urge: false, extend: false } })
    if (deed === 'receive') this.change(no, { status: 'received', received_at: AT, can: { pay: false, cancel: false, receive: false, refund: true, urge: false, extend: false } })
    if (deed === 'reviews' || deed === 'given' || deed === 'tickets') return ok([])
    if (deed === 'after-sales') return this.refund(order, more === 'preview', body)
    return ok(this.orders.get(no))
  }

  private payLink(no: string, deed: string | undefined): Answer {
    const order = this.orders.get(no)
    if (!order) return refuse(404, 'orders.order_missing', '订单不存在')
    const state = order.status === 'unpaid' ? 'open' : order.status === 'closed' ? 'over' : 'paid'
    if (deed === 'payment') return ok({ state })
    const sheet = { app_id: 'wx1', time_stamp: '1', nonce_str: 'n', package: 'prepay_id=1', sign_type: 'RSA', pay_sign: 's' }
    if (deed) return ok({ client: 'mini', expires_at: order.pay_until, h5_url: null, picture: null, sheet })
    const lines = order.lines.map((line) => ({ title: line.product_name, quantity: line.quantity }))
    return ok({ merchant_name: '云起茶园', amount_fen: order.total_fen, lines, more: 0, state, until: order.pay_until })
  }

  private change(no: string, to: Partial<Order>): void {
    this.orders.set(no, { ...(this.orders.get(no) as Order), ...to })
  }

  pay(no: string): void {
    const order = this.orders.get(no) as Order
    this.change(no, { status: 'paid', paid_fen: order.total_fen, paid_at: AT, lines: order.lines.map((line) => ({ ...line, refundable: line.quantity })), can: { pay: false, cancel: false, receive: false, refund: true, urge: false, extend: false } })
  }

  ship(no: string): void {
    const order = this.orders.get(no) as Order
    const lines = order.lines.map((line) => ({ line_id: line.id, quantity: line.quantity }))
    this.change(no, { status: 'shipped', shipped_at: AT, parcels: [{ id: 1, courier: '顺丰速运', courier_code: 'SF', location_id: 1, handed_over: false, tracking_no: 'SF1029384756', status: 'shipped', shipped_at: AT, received_at: null, lines }], can: { pay: false, cancel: false, receive: true, refund: true, urge: false, extend: false } })
  }

  private refund(order: Order, plan: boolean, body: Record<string, unknown>): Answer {
    const wanted = body.lines as { line_id: number; quantity: number }[]
    const parts = wanted.map(({ line_id, quantity }) => ({ line_id, quantity, amount_fen: (order.lines.find((line) => line.id === line_id)?.unit_price_fen ?? 0) * quantity }))
    const goods_fen = parts.reduce((sum, part) => sum + part.amount_fen, 0)
    if (plan) return ok({ parts, goods_fen, freight_fen: 0, amount_fen: goods_fen, whole: false })
    const after_sale_no = `AS${order.order_no}`
    const lines = parts.map((part) => {
      const { sku_id, product_name, spec_text, image_url } = order.lines.find((line) => line.id === part.line_id) as Order['lines'][number]
      return { ...part, sku_id, product_name, spec_text, image_url, unshipped: 0, shipped: part.quantity, kept_fen: 0, sellable: 0, damaged: 0, lost: 0, replacement_id: null }
    })
    const sale: AfterSale = { after_sale_no, order_no: order.order_no, kind: 'refund', status: 'requested', reason: 'damaged', due_at: null, our_fault: true, back_courier: '', back_tracking_no: '', sent_back_at: null, inspected_at: null, resent_courier: '', resent_tracking_no: '', resent_at: null, log: [], return_to: '', note: String(body.note ?? ''), goods_fen, freight_fen: 0, amount_fen: goods_fen, quantity: 1, answer: '', restock: null, requested_at: AT, decided_at: null, settled_at: null, lines }
    this.sales.set(after_sale_no, sale)
    this.change(order.order_no, { after_sales: [sale] })
    return ok(sale, 201)
  }
}

function row({ id, name, subtitle, image_urls, price_min_fen, price_max_fen, skus }: Product) {
  return { id, name, subtitle, cover_url: image_urls[0] ?? '', price_min_fen, price_max_fen, market_fen: skus[0]?.market_fen ?? null }
}

const leaf = (code: string, name: string, children: Region[] = []): Region => ({ code, name, children })
const REGIONS = [
  leaf('110000', '北京市', [leaf('110100', '北京市', [leaf('110101', '东城区'), leaf('110102', '西城区')])]),
  leaf('330000', '浙江省', [leaf('330100', '杭州市', [leaf('330105', '拱墅区'), leaf('330106', '西湖区')]), leaf('330200', '宁波市', [leaf('330203', '海曙区')])]),
  leaf('440000', '广东省', [leaf('441900', '东莞市')]),
]
