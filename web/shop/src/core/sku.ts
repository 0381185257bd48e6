import type { Product, Sku } from './types'

/** One value chosen per spec, in the specs' order; `null` where nothing is chosen yet. */
export type Choice = (string | null)[]

/** What can be bought of each SKU; a SKU that is not in it is unknown and treated as there. */
export type Stock = Record<number, number>

export function blank(product: Product): Choice {
  return product.specs.map((spec) => (spec.values.length === 1 ? spec.values[0] ?? null : null))
}

/** The choice that means this SKU, for opening the sheet on what was picked before. */
export function choiceOf(sku: Sku): Choice {
  return [...sku.values]
}

function fits(sku: Sku, choice: Choice): boolean {
  return choice.every((value, index) => value === null || sku.values[index] === value)
}

/** The SKU a whole choice means; none while a spec is open or the combination is not made. */
export function chosenSku(product: Product, choice: Choice): Sku | null {
  if (choice.includes(null)) return null
  return product.skus.find((sku) => fits(sku, choice)) ?? null
}

export function inStock(sku: Sku, stock: Stock): boolean {
  return (stock[sku.id] ?? 1) > 0
}

export type OptionState = 'free' | 'sold_out' | 'not_made'

/** Whether a value still leads to something to buy, given what is chosen in the other specs. */
export function optionState(product: Product, choice: Choice, spec: number, value: string, stock: Stock): OptionState {
  const wanted = choice.map((each, index) => (index === spec ? value : each))
  const made = product.skus.filter((sku) => fits(sku, wanted))
  if (!made.length) return 'not_made'
  return made.some((sku) => inStock(sku, stock)) ? 'free' : 'sold_out'
}

/** Choosing a value again takes it back; a spec with one value cannot be taken back. */
export function choose(product: Product, choice: Choice, spec: number, value: string): Choice {
  const single = product.specs[spec]?.values.length === 1
  return choice.map((each, index) => (index === spec ? (each === value && !single ? null : value) : each))
}

/** The names of the specs still open, for the sentence that asks for them. */
export function openSpecs(product: Product, choice: Choice): string[] {
  return product.specs.filter((_, index) => choice[index] === null).map((spec) => spec.name)
}

/** The most that one order may take: what is there, and what one fan may buy. */
export function most(stock: number | undefined, limit: number | null): number {
  return Math.max(0, Math.min(stock ?? 999, limit ?? 999, 999))
}
