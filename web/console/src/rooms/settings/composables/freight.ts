import type { Schema } from '../../../app/api'

export type Unit = Schema<'FreightUnit'>
export type Rate = Schema<'FreightRateIO'>
export type Zone = Schema<'FreightZoneIO'>
type Region = Schema<'RegionOut'>

/** Stored units (pieces, grams, cm³) in one of what people write (pieces, kg, m³). */
export const PER: Record<Unit, number> = { piece: 1, weight: 1_000, volume: 1_000_000 }
export const DECIMALS: Record<Unit, number> = { piece: 0, weight: 3, volume: 6 }

export const blankRate = (unit: Unit): Required<Rate> => ({ first: PER[unit], first_fen: 0, next: PER[unit], next_fen: 0, free_from_fen: null, free_from_pieces: null, closed: false })

/** The fewest codes that say the same as the ticked ones: a region whose parts are all ticked stands for them. */
export function folded(tree: readonly Region[], ticked: ReadonlySet<string>): string[] {
  return tree.flatMap((region) => (whole(region, ticked) ? [region.code] : folded(region.children, ticked)))
}

function whole(region: Region, ticked: ReadonlySet<string>): boolean {
  return ticked.has(region.code) || (region.children.length > 0 && region.children.every((child) => whole(child, ticked)))
}

/** Codes with their names; what is not in the tree keeps its code. */
export function named(tree: readonly Region[], codes: readonly string[]): string[] {
  const names = new Map<string, string>()
  const walk = (regions: readonly Region[], above: string): void => {
    for (const region of regions) {
      names.set(region.code, above + region.name)
      walk(region.children, region.code.endsWith('0000') ? '' : `${above}${region.name} `)
    }
  }
  walk(tree, '')
  return codes.map((code) => names.get(code) ?? code)
}
