import type { Schema } from '../../../app/api'

export interface Spec {
  name: string
  values: string[]
  /** A picture for each value; null for none. */
  images: (Picture | null)[]
}

export interface Picture {
  key: string
  url: string
}

/** One row of the editor: a cell of the grid with what may be changed. */
export interface SkuRow {
  id: number | null
  values: string[]
  code: string
  price_fen: number | null
  market_fen: number | null
  cost_fen: number | null
  weight_g: number | null
  volume_cm3: number | null
  /** Its own picture, when it shows another than that of its value. */
  image_key: string | null
  image_url: string
  /** What was typed into a cell and cannot be read. */
  wrong: Partial<Record<'price_fen' | 'market_fen' | 'cost_fen' | 'weight_g' | 'volume_cm3' | 'code', string>>
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
      weight_g: near?.weight_g ?? null, volume_cm3: near?.volume_cm3 ?? null, image_key: null, image_url: '', wrong: {},
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
    weight_g: sku.weight_g, volume_cm3: sku.volume_cm3, image_key: sku.image_key || null, image_url: sku.image_key ? sku.image_url : '', wrong: {},
  }
}

/** The picture of a row: its own, else that of its first value that has one. */
export function pictureOf(specs: readonly Spec[], row: SkuRow): string {
  if (row.image_url) return row.image_url
  for (const [at, spec] of specs.entries()) {
    const found = spec.images[spec.values.indexOf(row.values[at] ?? '')]
    if (found) return found.url
  }
  return ''
}

export function specsOf(specs: readonly Schema<'SpecOut'>[]): Spec[] {
  return specs.map(({ name, values, images, image_urls }) => ({
    name, values: [...values], images: values.map((_, at) => (images[at] ? { key: images[at], url: image_urls[at] ?? '' } : null)),
  }))
}
