import { listRegions } from './calls'
import type { Region } from './types'

let known: Promise<Region[]> | null = null

/** The country's regions as the server knows them; asked once, forgotten when asking failed. */
export function regions(): Promise<Region[]> {
  known ??= listRegions().catch((failure: unknown) => {
    known = null
    throw failure
  })
  return known
}

/** The places of a code in the tree, level by level: [province, city, district] as far down as it goes. */
export function pathTo(tree: Region[], code: string): number[] {
  for (const [index, region] of tree.entries()) {
    if (region.code === code) return [index]
    const below = pathTo(region.children, code)
    if (below.length) return [index, ...below]
  }
  return []
}

/** The regions chosen by places, level by level; a place beyond a shorter list falls back to its last. */
export function chosenBy(tree: Region[], places: number[]): Region[] {
  const chosen: Region[] = []
  let level = tree
  for (let depth = 0; level.length; depth += 1) {
    const region = level[Math.min(places[depth] ?? 0, level.length - 1)]
    if (!region) break
    chosen.push(region)
    level = region.children
  }
  return chosen
}

/** "北京市 东城区" rather than "北京市 北京市 东城区". */
export function regionText(names: string[]): string {
  return names.filter((name, index) => name && name !== names[index - 1]).join(' ')
}
