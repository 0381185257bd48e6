import type { Schema } from '../../../app/api'

export type Kind = Schema<'PromotionKind'>
export type Form = Required<Schema<'PromotionIn'>> & { terms: Required<Schema<'TermsIO'>>; scope: Required<Schema<'ScopeIO'>>; conditions: Required<Schema<'ConditionsIO'>> }

export const KINDS: readonly Kind[] = ['limited', 'off', 'percent', 'gift', 'nth', 'package', 'add_on', 'freight']
/** Kinds whose threshold is a row of tiers. */
export const TIERED: readonly Kind[] = ['off', 'percent', 'gift']

/** A form as it looks when a kind has just been chosen. */
export function blank(kind: Kind): Form {
  return {
    kind, name: '', group_id: kind === 'limited' || kind === 'nth' ? 1 : TIERED.includes(kind) && kind !== 'gift' ? 2 : 3, priority: 0,
    scope: { all: true, category_ids: [], product_ids: [], sku_ids: [], without_category_ids: [], without_product_ids: [], without_sku_ids: [] },
    terms: {
      off_bp: kind === 'limited' ? 2000 : kind === 'nth' ? 5000 : 0, prices: [], repeat: false, cap_fen: 0, nth: kind === 'nth' ? 2 : 0, across: false,
      pieces: kind === 'package' ? 3 : 0, items: [], price_fen: kind === 'package' ? 9900 : 0,
      tiers: [...TIERED, 'add_on', 'freight'].includes(kind) ? [tier(kind)] : [],
    },
    conditions: { starts_at: null, ends_at: null, hours: [], per_fan: 0, new_fan_days: 0, first_order: false },
  }
}

export function tier(kind: Kind, after?: Schema<'TierIO'>): Schema<'TierIO'> {
  const pieces = (after?.from_pieces ?? 0) > 0
  return {
    from_fen: pieces ? 0 : (after?.from_fen ?? 0) + 9900, from_pieces: pieces ? (after?.from_pieces ?? 0) + 1 : 0,
    off_fen: kind === 'off' ? (after?.off_fen ?? 0) + 1000 : 0, off_bp: kind === 'percent' ? (after?.off_bp ?? 0) + 1000 : 0, gifts: [],
  }
}

/** 2,000 (20 % off) is 8 折: what is paid, in tenths. */
export const toTenths = (offBp: number): number => (10_000 - offBp) / 1000
export const fromTenths = (tenths: number | undefined): number => Math.max(0, Math.min(10_000, 10_000 - Math.round((tenths ?? 10) * 1000)))

/** "09:30" is 570; the end of the day is 24:00. */
export const toMinute = (clock: string): number => {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}
export const toClock = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
