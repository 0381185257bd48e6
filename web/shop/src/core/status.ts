import { tOr } from '@/i18n'
import type { OrderRow } from './types'

/** Where an order stands, for words: what needs no parcel is used or given, it is never on its way. */
export const placeOf = (order: Pick<OrderRow, 'status' | 'travels'>): string => (order.travels ? order.status : `${order.status}_use`)

/** Where an order stands, in the reader's words. */
export const statusOf = (order: Pick<OrderRow, 'status' | 'travels'>): string => tOr(`order.${placeOf(order)}`, tOr(`order.${order.status}`, order.status))
