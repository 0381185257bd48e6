import { pay, type PayOutcome } from '@/platform'
import { startPay } from './calls'
import { asApiError } from './errors'
import type { OrderRow } from './types'

/** Orders whose payment sheet is open: a second tap, here or on another page, joins the first. */
const open = new Map<string, Promise<PayOutcome>>()

/** What the next payment of an order must be: all of it, its deposit, or its balance. */
export function dueOf(order: Pick<OrderRow, 'status' | 'total_fen' | 'presale'>): number {
  if (!order.presale) return order.total_fen
  return order.status === 'unpaid' ? order.presale.deposit_fen : order.presale.balance_fen
}

export interface PayTry {
  said: PayOutcome
  /** Why the sheet could not even be opened. */
  why: string
}

/** Paying for a page that goes on to show the order whatever came of it: a refusal becomes a reason to tell. */
export async function tryToPay(no: string): Promise<PayTry> {
  try {
    return { said: await payOrder(no), why: '' }
  } catch (thrown) {
    return { said: 'failed', why: asApiError(thrown).message }
  }
}

/** Opens WeChat's payment sheet for an order. What it answers is only what the phone saw: ask the order for the truth. */
export function payOrder(no: string): Promise<PayOutcome> {
  const already = open.get(no)
  if (already) return already
  const paying = startPay(no)
    .then(({ sheet }) => (sheet ? pay(sheet) : 'failed'))
    .finally(() => open.delete(no))
  open.set(no, paying)
  return paying
}
