import type { Schema } from '../../../app/api'

export interface Spec {
  name: string
  values: string[]
}

/** One row of the editor: a cell of the grid with what may be changed. */
export interface SkuRow {
  id: number | null
  values: string[]
  code: string
  price_fen: number | null
  market_fen: number | null
  cost_fen: number | null
  image_key: string | null
  image_url: string
}

export const MAX_SPECS = 3
export const MAX_SKUS = 600

/** A row's place in the grid. The separator cannot be typed, so two different rows never collide. */
function place(values: readonly string[]): string {
  return values.join('\u0000')
}

/** All combinations of the specs' values, first spec slowest. No spec gives the one empty combination. */
export function combinations(specs: readonly Spec[]): string[][] {
  return specs.reduce<string[][]>((rows, spec) => rows.flatMap((row) => spec.values.map((value) => [...row, value])), [[]])
}

/**
 * Rows for the specs as they are now, keeping what was entered.
 *
 * A row that still exists keeps everything. When a spec was added or removed, a new row takes prices from the
 * first old row whose values it contains (or is contained in), but not its id: it is another thing to sell.
 */
export function regrid(specs: readonly Spec[], old: readonly SkuRow[]): SkuRow[] {
  const kept = new Map(old.map((row) => [place(row.values), row]))
  return combinations(specs.filter((spec) => spec.values.length > 0)).map((values) => {
    const same = kept.get(place(values))
    if (same) return same
    const near = old.find((row) => row.values.every((value) => values.includes(value)) || values.every((value) => row.values.includes(value)))
    return {
      id: null, values, code: '', price_fen: near?.price_fen ?? null, market_fen: near?.market_fen ?? null, cost_fen: near?.cost_fen ?? null,
      image_key: null, image_url: '',
    }
  })
}

/** For the table: how many rows the cell of column `column` spans from `index`; 0 when an earlier row covers it. */
export function span(rows: readonly SkuRow[], index: number, column: number): number {
  const head = (at: number): string => place(rows[at]!.values.slice(0, column + 1))
  if (index > 0 && head(index - 1) === head(index)) return 0
  let end = index + 1
  while (end < rows.length && head(end) === head(index)) end += 1
  return end - index
}

/** Corrects the name of a value: the rows stay the same things to sell, with their ids, prices and stock. */
export function renameValue(rows: readonly SkuRow[], column: number, from: string, to: string): SkuRow[] {
  return rows.map((row) => (row.values[column] === from ? { ...row, values: row.values.map((value, at) => (at === column ? to : value)) } : row))
}

export function rowOf(sku: Schema<'ConsoleSku'>): SkuRow {
  return {
    id: sku.id, values: [...sku.values], code: sku.code, price_fen: sku.price_fen, market_fen: sku.market_fen, cost_fen: sku.cost_fen,
    image_key: sku.image_key || null, image_url: sku.image_url,
  }
}
