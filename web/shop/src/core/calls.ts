/** Every question the shop asks the server, by name. */
import { host } from '@/platform'
import { send } from './api'
import type { Stock } from './sku'
import type {
  Address, AddressDraft, AfterSale, AfterSaleReason, Available, Cart, Category, Fan, Home, Order, OrderRow, PageOf, PayParams, Piece, Placed, Product, ProductRow, Quote, RefundPlan, Region, Wanted,
} from './types'

export type ProductSort = 'default' | 'newest' | 'price_asc' | 'price_desc'
export interface ProductQuery {
  q?: string
  category_id?: number | null
  sort?: ProductSort
  cursor?: string | null
}

export const getHome = () => send<Home>('GET', '/api/shop/home', {}, 'anyone')
export const listCategories = () => send<Category[]>('GET', '/api/shop/categories', {}, 'anyone')
export const listProducts = (query: ProductQuery) =>
  send<PageOf<ProductRow>>('GET', '/api/shop/products', { query: { ...query, limit: 20 } }, 'anyone')
export const getProduct = (id: number) =>
  send<Product>('GET', '/api/shop/products/{product_id}', { path: { product_id: id } }, 'anyone')

export async function getStock(id: number): Promise<Stock> {
  const rows = await send<Available[]>('GET', '/api/shop/products/{product_id}/stock', { path: { product_id: id } }, 'anyone')
  return Object.fromEntries(rows.map((row) => [row.sku_id, row.available]))
}

export const getMe = () => send<Fan>('GET', '/api/shop/me')

export const getCart = () => send<Cart>('GET', '/api/shop/cart')
export const addToCart = (sku_id: number, quantity: number) =>
  send<Cart>('POST', '/api/shop/cart/items', { body: { sku_id, quantity } })
export const setInCart = (sku_id: number, quantity: number) =>
  send<Cart>('PATCH', '/api/shop/cart/items/{sku_id}', { path: { sku_id }, body: { quantity } })
export const dropFromCart = (sku_id: number) =>
  send<Cart>('DELETE', '/api/shop/cart/items/{sku_id}', { path: { sku_id } })

export const listRegions = () => send<Region[]>('GET', '/api/shop/regions', {}, 'anyone')
export const listAddresses = () => send<Address[]>('GET', '/api/shop/addresses')
export const addAddress = (draft: AddressDraft) => send<Address>('POST', '/api/shop/addresses', { body: draft })
export const saveAddress = (id: number, draft: AddressDraft) =>
  send<Address>('PUT', '/api/shop/addresses/{address_id}', { path: { address_id: id }, body: draft })
export const dropAddress = (id: number) =>
  send<unknown>('DELETE', '/api/shop/addresses/{address_id}', { path: { address_id: id } })

export const askQuote = (lines: Wanted[]) => send<Quote>('POST', '/api/shop/checkout/quote', { body: { lines } })
export const placeOrder = (body: { lines: Wanted[]; address_id: number; digest: string; note: string }, key: string) =>
  send<Placed>('POST', '/api/shop/orders', { body, key })

export const ORDER_TABS = ['all', 'unpaid', 'to_ship', 'to_receive', 'done'] as const
export type OrderTab = (typeof ORDER_TABS)[number]
export const listOrders = (tab: OrderTab, cursor: string | null) =>
  send<PageOf<OrderRow>>('GET', '/api/shop/orders', { query: { tab, cursor, limit: 10 } })
export const getOrder = (no: string) => send<Order>('GET', '/api/shop/orders/{order_no}', { path: { order_no: no } })
export const startPay = (no: string) =>
  send<PayParams>('POST', '/api/shop/orders/{order_no}/pay', { path: { order_no: no }, body: { client: host === 'mini' ? 'mini' : 'jsapi' } })
export const cancelOrder = (no: string) =>
  send<Order>('POST', '/api/shop/orders/{order_no}/cancel', { path: { order_no: no } })
export const receiveOrder = (no: string) =>
  send<Order>('POST', '/api/shop/orders/{order_no}/receive', { path: { order_no: no } })

export const planRefund = (no: string, lines: Piece[]) =>
  send<RefundPlan>('POST', '/api/shop/orders/{order_no}/after-sales/plan', { path: { order_no: no }, body: { lines } })
export const askRefund = (no: string, body: { lines: Piece[]; reason: AfterSaleReason; note: string }, key: string) =>
  send<AfterSale>('POST', '/api/shop/orders/{order_no}/after-sales', { path: { order_no: no }, body, key })
export const listAfterSales = (cursor: string | null) =>
  send<PageOf<AfterSale>>('GET', '/api/shop/after-sales', { query: { cursor, limit: 20 } })
export const getAfterSale = (no: string) =>
  send<AfterSale>('GET', '/api/shop/after-sales/{after_sale_no}', { path: { after_sale_no: no } })
export const withdrawAfterSale = (no: string) =>
  send<AfterSale>('POST', '/api/shop/after-sales/{after_sale_no}/withdraw', { path: { after_sale_no: no } })
