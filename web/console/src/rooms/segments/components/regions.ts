import type { Schema } from '../../../app/api'

type Region = Schema<'RegionOut'>

/** Provinces, each with its cities below it; a rule names a larger area by the beginning of its code. */
export function regionOptions(tree: readonly Region[]): { value: string; label: string }[] {
  return tree.flatMap((province) => [
    { value: province.code.slice(0, 2), label: province.name },
    ...province.children.filter((city) => city.name !== province.name).map((city) => ({ value: city.code.slice(0, 4), label: `${province.name} ${city.name}` })),
  ])
}

/** The smallest of these areas that a code lies in, or the code itself. */
export function areaOf(options: readonly { value: string | number; label: string }[], code: string): string {
  const within = options.filter((one) => code.startsWith(String(one.value)))
  return within.sort((one, other) => String(other.value).length - String(one.value).length)[0]?.label ?? code
}
