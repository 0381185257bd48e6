/** Every question the shop asks the server, by name. */
import type { paths } from '@tiefen/client'
import { host } from '@/platform'
import { send } from './api'
import type { Stock } from './sku'
import type { AddressDraft, AfterSaleKind, AfterSaleReason, InvoiceWanted, Offers, OrderStatus, Piece, Quote, Refund, Wanted } from './types'

type ProductQuery = NonNullable<paths['/api/shop/products']['get']['parameters']['query']>
export type ProductSort = NonNullable<ProductQuery['sort']>

export const getHome = () => send('get', '/api/shop/home', {}, 'anyone')
export const listCategories = () => send('get', '/api/shop/categories', {}, 'anyone')
export const listProducts = (query: ProductQuery) => send('get', '/api/shop/products', { query: { ...query, limit: 20 } }, 'anyone')
export const getProduct = (id: number) => send('get', '/api/shop/products/{product_id}', { path: { product_id: id } }, 'anyone')

export const getShareKit = (id: number) => send('get', '/api/shop/products/{product_id}/share', { path: { product_id: id } }, 'anyone')

export async function getStock(id: number): Promise<Stock> {
  const rows = await send('get', '/api/shop/products/{product_id}/stock', { path: { product_id: id } }, 'anyone')
  return Object.fromEntries(rows.map((row) => [row.sku_id, row.available]))
}

/** Offers are an extra: a page without them is still a page. */
export const getOffers = async (id: number): Promise<Offers> => {
  try {
    return await send('get', '/api/shop/products/{product_id}/offers', { path: { product_id: id } }, 'anyone')
  } catch {
    return { tags: [], prices: [], level_name: '', level_prices: [] }
  }
}

export const getMe = () => send('get', '/api/shop/me', {})
/** A bottle was scanned; `told` is where the fan says they are. */
export const scanBottle = (code: string, told: { region_code?: string; lat?: number; lng?: number }) => send('post', '/api/shop/bottles/{code}/scan', { path: { code }, body: told })
/** What the merchant asks the fan about themselves. */
export const getForm = () => send('get', '/api/shop/me/form', {})
export const fillForm = (values: Record<string, string | boolean | string[] | null>) => send('put', '/api/shop/me/form', { body: { values } })

export const getCart = () => send('get', '/api/shop/cart', {})
export const addToCart = (sku_id: number, quantity: number) => send('post', '/api/shop/cart/items', { body: { sku_id, quantity } })
export const setInCart = (sku_id: number, quantity: number) =>
  send('patch', '/api/shop/cart/items/{sku_id}', { path: { sku_id }, body: { quantity } })
export const mergeCart = (lines: Wanted[]) => send('post', '/api/shop/cart/merge', { body: { lines } })
export const mendCart = () => send('post', '/api/shop/cart/mend', {})
export const buyAgain = (no: string) => send('post', '/api/shop/orders/{order_no}/again', { path: { order_no: no } })
export const extendReceipt = (no: string) => send('post', '/api/shop/orders/{order_no}/extend', { path: { order_no: no } })
export const askedFields = (ids: number[]) => send('post', '/api/shop/checkout/fields', { body: { product_ids: ids } })
export const getPaperwork = (no: string) => send('get', '/api/shop/orders/{order_no}/paperwork', { path: { order_no: no } })
export const requestInvoice = (no: string, body: InvoiceWanted) => send('put', '/api/shop/orders/{order_no}/invoice', { path: { order_no: no }, body })
export const dropFromCart = (sku_id: number) => send('delete', '/api/shop/cart/items/{sku_id}', { path: { sku_id } })

export const listRegions = () => send('get', '/api/shop/regions', {}, 'anyone')
export const listAddresses = () => send('get', '/api/shop/addresses', {})
export const addAddress = (draft: AddressDraft) => send('post', '/api/shop/addresses', { body: draft })
export const saveAddress = (id: number, draft: AddressDraft) =>
  send('put', '/api/shop/addresses/{address_id}', { path: { address_id: id }, body: draft })
export const dropAddress = (id: number) => send('delete', '/api/shop/addresses/{address_id}', { path: { address_id: id } })

export const askQuote = (lines: Wanted[], couponId: number | null = null, addressId: number | null = null, usePoints = false): Promise<Quote> =>
  send('post', '/api/shop/checkout/quote', { body: { lines, coupon_id: couponId, address_id: addressId, use_points: usePoints } })
export const placeOrder = (body: { lines: Wanted[]; address_id: number | null; digest: string; coupon_id: number; use_points: boolean; note: string; answers: { field_id: number; value: string }[]; invoice: InvoiceWanted | null }, key: string) =>
  send('post', '/api/shop/orders', { body, key })

export const listClaimable = () => send('get', '/api/shop/coupons', {})
export const claimCoupon = (id: number) => send('post', '/api/shop/coupons/{coupon_id}/claim', { path: { coupon_id: id } })
export const redeemCoupon = (code: string) => send('post', '/api/shop/coupons/redeem', { body: { code } })
export type CouponTab = 'held' | 'used' | 'over'
export const listMyCoupons = (tab: CouponTab) => send('get', '/api/shop/my-coupons', { query: { tab } })

export const getMyLevel = () => send('get', '/api/shop/level', {})
export const getMyPoints = () => send('get', '/api/shop/points', {})
export const listMyPointsMoves = (cursor: string | null) => send('get', '/api/shop/points/moves', { query: { limit: 20, cursor } })
export const getMyReferral = () => send('get', '/api/shop/referral/mine', {})
export const getLanding = (code: string) => send('get', '/api/shop/referral/landing/{code}', { path: { code } }, 'anyone')
export const arriveBy = (code: string, productId: number | null) => send('post', '/api/shop/referral/arrive', { body: { code, product_id: productId } })

/** The tabs of the order list, and the states each shows; no state is all of them. */
export const ORDER_TABS = ['all', 'unpaid', 'to_ship', 'to_receive', 'done'] as const
export type OrderTab = (typeof ORDER_TABS)[number]
const STATES: Record<OrderTab, OrderStatus[]> = { all: [], unpaid: ['unpaid', 'deposited'], to_ship: ['paid', 'partly_shipped'], to_receive: ['partly_shipped', 'shipped'], done: ['received'] }

export const listOrders = (tab: OrderTab, cursor: string | null) =>
  send('get', '/api/shop/orders', { query: { status: STATES[tab], cursor, limit: 10 } })
export const getOrder = (no: string) => send('get', '/api/shop/orders/{order_no}', { path: { order_no: no } })
/** What the buyer reads after paying; nothing for most orders. */
export const getGiven = (no: string) => send('get', '/api/shop/orders/{order_no}/given', { path: { order_no: no } })
/** Services of an order, with the codes to show. */
export const getTickets = (no: string) => send('get', '/api/shop/orders/{order_no}/tickets', { path: { order_no: no } })
export const getReviewed = (no: string) => send('get', '/api/shop/orders/{order_no}/reviews', { path: { order_no: no } })
export const writeReview = (no: string, line: number, body: { stars: number; words: string; images: string[] }) =>
  send('post', '/api/shop/orders/{order_no}/lines/{line_id}/review', { path: { order_no: no, line_id: line }, body })
export const listReviews = (id: number, cursor: string | null) =>
  send('get', '/api/shop/products/{product_id}/reviews', { path: { product_id: id }, query: { cursor, limit: 5 } }, 'anyone')
export const startPay = (no: string) =>
  send('post', '/api/shop/orders/{order_no}/pay', { path: { order_no: no }, body: { client: host === 'mini' ? 'mini' : 'jsapi' } })
/** Whether the money has come; the server asks WeChat when its notice is late. */
export const checkPaid = (no: string) => send('get', '/api/shop/orders/{order_no}/payment', { path: { order_no: no } })
export const cancelOrder = (no: string) => send('post', '/api/shop/orders/{order_no}/cancel', { path: { order_no: no } })
/** Ask the shop to send it; once a day. */
export const urgeOrder = (no: string) => send('post', '/api/shop/orders/{order_no}/urge', { path: { order_no: no } })
export const receiveOrder = (no: string) => send('post', '/api/shop/orders/{order_no}/receive', { path: { order_no: no } })

export const planRefund = (no: string, lines: Piece[], kind: AfterSaleKind = 'refund', reason: AfterSaleReason = 'other') =>
  send('post', '/api/shop/orders/{order_no}/after-sales/preview', { path: { order_no: no }, body: { kind, reason, lines } })
export const askRefund = (no: string, body: Refund, key: string) =>
  send('post', '/api/shop/orders/{order_no}/after-sales', { path: { order_no: no }, body, key })
export const listAfterSales = (cursor: string | null) => send('get', '/api/shop/after-sales', { query: { cursor, limit: 20 } })
export const getAfterSale = (no: string) => send('get', '/api/shop/after-sales/{after_sale_no}', { path: { after_sale_no: no } })
export const withdrawAfterSale = (no: string) =>
  send('post', '/api/shop/after-sales/{after_sale_no}/withdraw', { path: { after_sale_no: no } })
export const sendBack = (no: string, courier: string, tracking_no: string) =>
  send('post', '/api/shop/after-sales/{after_sale_no}/parcel', { path: { after_sale_no: no }, body: { courier, tracking_no } })
export const tellMerchant = (no: string, words: string, pictures: string[]) =>
  send('post', '/api/shop/after-sales/{after_sale_no}/messages', { path: { after_sale_no: no }, body: { words, pictures } })
