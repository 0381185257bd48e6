import type { Schema } from '../../app/api'

export type CouponKind = Schema<'CouponKind'>
export type CouponForm = Required<Schema<'CouponIn'>> & { terms: Required<Schema<'CouponTermsIO'>> & { scope: Required<Schema<'ScopeIO'>> } }

export const COUPON_KINDS: readonly CouponKind[] = ['amount', 'percent', 'freight', 'exchange']

/** A form as it looks when a kind of coupon has just been chosen: good for thirty days, one a fan. */
export function blankCoupon(kind: CouponKind): CouponForm {
  return {
    kind, name: '', days: 30, starts_at: null, ends_at: null, claimable: true, claim_from: null, claim_until: null, stock: 0, per_fan: 1, budget_fen: 0,
    terms: {
      off_fen: kind === 'amount' ? 1000 : 0, off_bp: kind === 'percent' ? 1000 : 0, cap_fen: 0, from_fen: kind === 'amount' ? 9900 : 0, sku_id: 0, pieces: 1, group_id: 0,
      scope: { all: true, category_ids: [], product_ids: [], sku_ids: [], without_category_ids: [], without_product_ids: [], without_sku_ids: [] },
    },
  }
}

/** What of a form the server takes: the window or the days, never both. */
export function couponBody(form: CouponForm, byDays: boolean): CouponForm {
  const window = byDays ? { days: form.days || 1, starts_at: null, ends_at: null } : { days: 0 }
  return { ...form, ...window, name: form.name.trim() }
}
