import type { IconName, Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

const STATUSES: Record<Schema<'OrderStatus'>, true> = { unpaid: true, deposited: true, paid: true, partly_shipped: true, shipped: true, received: true, closed: true, refunded: true }
export const ORDER_STATUSES = Object.keys(STATUSES) as Schema<'OrderStatus'>[]
export const AFTER_SALE_TONE: Record<Schema<'AfterSaleStatus'>, Tone> = {
  requested: 'warning', returning: 'info', sent_back: 'warning', resending: 'warning', refunding: 'info', abnormal: 'danger', refunded: 'success', done: 'success', rejected: 'neutral', withdrawn: 'neutral', lapsed: 'neutral',
}

/** How each kind of step looks in the timeline; what is not listed is drawn plainly. */
export const STEP_LOOK: Record<string, { icon: IconName; tone: Tone }> = {
  place: { icon: 'cart', tone: 'neutral' }, pay_deposit: { icon: 'money', tone: 'info' }, pay: { icon: 'money', tone: 'success' }, close: { icon: 'close', tone: 'neutral' }, ship_part: { icon: 'ship', tone: 'info' }, ship_rest: { icon: 'ship', tone: 'info' },
  receive: { icon: 'check', tone: 'success' }, refund_rest: { icon: 'refund', tone: 'warning' }, request: { icon: 'service', tone: 'warning' }, withdraw: { icon: 'minus', tone: 'neutral' },
  reject: { icon: 'close-circle', tone: 'danger' }, approve: { icon: 'check-circle', tone: 'info' }, fail: { icon: 'error', tone: 'danger' }, retry: { icon: 'refresh', tone: 'info' }, settle: { icon: 'refund', tone: 'success' },
  await_return: { icon: 'check-circle', tone: 'info' }, await_resend: { icon: 'check-circle', tone: 'info' }, send_back: { icon: 'ship', tone: 'info' }, lapse: { icon: 'close', tone: 'neutral' }, accept: { icon: 'check', tone: 'success' },
  accept_exchange: { icon: 'check', tone: 'success' }, resend: { icon: 'ship', tone: 'success' }, pay_instead: { icon: 'refund', tone: 'warning' },
}

export interface Milestone {
  key: 'placed' | 'paid' | 'shipped' | 'received'
  at: string | null
}

/** The milestones of an order; those not reached have no time. What needs no parcel is never sent. */
export function milestones(order: Schema<'ConsoleOrder'>): Milestone[] {
  const sent: Milestone[] = order.receiver ? [{ key: 'shipped', at: order.shipped_at }] : []
  return [{ key: 'placed', at: order.placed_at }, { key: 'paid', at: order.paid_at }, ...sent, { key: 'received', at: order.received_at }]
}

export const INVOICE_TONE: Record<Schema<'InvoiceState'>, Tone> = { requested: 'warning', issued: 'success', red: 'danger', reversed: 'neutral' }
