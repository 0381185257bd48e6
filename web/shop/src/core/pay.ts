import { pay, type PayOutcome } from '@/platform'
import { startPay } from './calls'

/** Orders whose payment sheet is open: a second tap, here or on another page, joins the first. */
const open = new Map<string, Promise<PayOutcome>>()

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
