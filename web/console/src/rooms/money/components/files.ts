import { root } from '../../../app/api'

/** Where a file of the books is taken from; empty values are left out. */
export function fileOf(path: string, query: Record<string, string>): string {
  const given = Object.entries(query).filter(([, value]) => value !== '')
  return `${root}/api/console/${path}?${new URLSearchParams(given).toString()}`
}
