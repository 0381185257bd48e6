import type { Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

export const STATUS_TONE: Record<Schema<'ProductStatus'>, Tone> = { draft: 'neutral', on_shelf: 'success', off_shelf: 'warning' }
export const IMPORT_TONE: Record<Schema<'ImportState'>, Tone> = { checked: 'warning', running: 'info', stopped: 'neutral', done: 'success' }
const ROLES: Record<Schema<'ProductRole'>, true> = { regular: true, traffic: true, profit: true, repeat: true }
export const PRODUCT_ROLES = Object.keys(ROLES) as Schema<'ProductRole'>[]

const KINDS: Record<Schema<'ProductKind'>, true> = { goods: true, virtual: true, codes: true, service: true, course: true }
export const PRODUCT_KINDS = Object.keys(KINDS) as Schema<'ProductKind'>[]
/** Kinds whose buyers read something after paying. */
export const GIVEN: readonly Schema<'ProductKind'>[] = ['virtual', 'codes', 'service', 'course']

/** Categories in tree order with their depth, for a flat select. */
export function flatten(categories: readonly Schema<'CategoryOut'>[]): (Schema<'CategoryOut'> & { depth: number })[] {
  const under = (parent: number | null, depth: number): (Schema<'CategoryOut'> & { depth: number })[] =>
    categories.filter((one) => one.parent_id === parent).flatMap((one) => [{ ...one, depth }, ...under(one.id, depth + 1)])
  return under(null, 0)
}
