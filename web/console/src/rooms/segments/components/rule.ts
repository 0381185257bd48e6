import type { Schema } from '../../../app/api'

/** A rule being written: groups hold rows, rows compare. The server reads it the same way. */
export type Field = Schema<'FieldOut'>
export type Deed = Schema<'FactKind'>

/** A circle around one of the merchant's points. */
export interface Near { point: number | null; km: number | string }
export interface Group { kind: 'group'; key: number; every: boolean; opposite: boolean; nodes: Node[] }
export interface Clause { kind: 'clause'; key: number; field: string; op: string; value: unknown }
export interface Did { kind: 'did'; key: number; did: Deed; of: string[]; op: string; times: number; days: number | null }
export type Node = Group | Clause | Did
export type Raw = Record<string, unknown>

let last = 0
const key = (): number => ++last

export const NO_VALUE = new Set(['set', 'unset'])
export const DAY_OPS = new Set(['within', 'before', 'coming'])

export function emptyGroup(): Group {
  return { kind: 'group', key: key(), every: true, opposite: false, nodes: [] }
}

/** A first value that fits, so that a new row is complete or visibly waiting. */
export function firstValue(field: Field, op: string): unknown {
  if (NO_VALUE.has(op)) return undefined
  if (DAY_OPS.has(op)) return 30
  if (op === 'between') return field.type === 'moment' || field.type === 'day' ? ['', ''] : [0, 0]
  if (field.type === 'fen') return 10_000
  if (field.type === 'number' || field.type === 'milli') return field.type === 'milli' ? '' : 1
  if (field.type === 'yes') return true
  if (field.type === 'place') return { point: null, km: 5 }
  return field.type === 'text' ? '' : []
}

const FIRST_OP: Record<string, string> = { number: 'ge', fen: 'ge', milli: 'ge', moment: 'within', day: 'coming', yes: 'is', text: 'contains', place: 'near' }

export function clauseOf(field: Field): Clause {
  const op = FIRST_OP[field.type] ?? 'in'
  return { kind: 'clause', key: key(), field: field.field, op, value: firstValue(field, op) }
}

export function didOf(did: Deed): Did {
  return { kind: 'did', key: key(), did, of: [], op: 'at_least', times: 1, days: 90 }
}

/** What the server is sent. */
export function toRaw(node: Node): Raw {
  if (node.kind === 'group') {
    const group = { [node.every ? 'all' : 'any']: node.nodes.map(toRaw) }
    return node.opposite ? { not: group } : group
  }
  if (node.kind === 'did') return { did: node.did, op: node.op, times: node.times, ...(node.of.length > 0 && { of: node.of }), ...(node.days !== null && { days: node.days }) }
  return { field: node.field, op: node.op, ...(!NO_VALUE.has(node.op) && { value: node.value }) }
}

/** What was kept, as rows; a single condition stands in a group of its own. */
export function fromRaw(raw: Raw): Group {
  const node = read(raw)
  return node.kind === 'group' ? node : { ...emptyGroup(), nodes: [node] }
}

function read(raw: Raw): Node {
  if ('not' in raw) {
    const inner = read(raw.not as Raw)
    return inner.kind === 'group' && !inner.opposite ? { ...inner, opposite: true } : { ...emptyGroup(), opposite: true, nodes: [inner] }
  }
  if ('all' in raw || 'any' in raw) return { kind: 'group', key: key(), every: 'all' in raw, opposite: false, nodes: ((raw.all ?? raw.any) as Raw[]).map(read) }
  if ('did' in raw) return { kind: 'did', key: key(), did: raw.did as Deed, of: (raw.of ?? []) as string[], op: (raw.op ?? 'at_least') as string, times: (raw.times ?? 1) as number, days: (raw.days ?? null) as number | null }
  return { kind: 'clause', key: key(), field: raw.field as string, op: raw.op as string, value: raw.value }
}

/** The path the server uses for a node's place, to put its word beside the row. */
export function pathOf(parent: string, group: Group, place: number): string {
  return `${parent}${group.opposite ? '.not' : ''}.${group.every ? 'all' : 'any'}.${place}`
}

/** Whether there is something to count: every row is filled in. */
export function complete(node: Node): boolean {
  if (node.kind === 'group') return node.nodes.length > 0 && node.nodes.every(complete)
  if (node.kind === 'did') return node.times >= (node.op === 'at_least' ? 1 : 0) && (node.days === null || node.days > 0)
  if (NO_VALUE.has(node.op)) return true
  if (node.op === 'near') return (node.value as Near).point !== null && Number((node.value as Near).km) > 0
  if (Array.isArray(node.value)) return node.value.length > 0 && node.value.every((one) => one !== '' && one !== null)
  return node.value !== '' && node.value !== null && node.value !== undefined
}
