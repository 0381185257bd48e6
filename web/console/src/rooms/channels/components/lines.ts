import type { Schema } from '../../../app/api'

export type Line = Schema<'CodeLineIn'>
/** Codes that can be made at once. */
export const MOST = 1000
const LONGEST = 40

export interface Read {
  lines: Line[]
  /** Rows that cannot be used, by their place (from 1), and why. */
  wrong: { row: number; why: 'long' | 'owner' | 'cost' | 'twice' }[]
}

/**
 * Rows pasted from a spreadsheet or a CSV file: name, then perhaps the owner's name, then perhaps the cost in yuan.
 * Excel puts tabs between cells, files put commas; a first row that only names the columns is left out.
 */
export function readLines(text: string, people: readonly { id: number; name: string }[], heading = ''): Read {
  const read: Read = { lines: [], wrong: [] }
  const seen = new Set<string>()
  text.replace(/^\uFEFF/, '').split(/\r?\n/).forEach((raw, place) => {
    const [name = '', owner = '', cost = ''] = cells(raw)
    if (!name || (place === 0 && name === heading)) return
    const person = people.find((one) => one.name === owner)
    const fen = cost === '' ? null : fenOf(cost)
    const why = name.length > LONGEST ? 'long' : owner && !person ? 'owner' : Number.isNaN(fen) ? 'cost' : seen.has(name) ? 'twice' : null
    if (why) read.wrong.push({ row: place + 1, why })
    else read.lines.push({ name, ...(person && { owner_staff_id: person.id }), ...(fen !== null && { cost_fen: fen }) })
    seen.add(name)
  })
  return read
}

function cells(row: string): string[] {
  return row.split(row.includes('\t') ? '\t' : /[,\uFF0C]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1').trim())
}

function fenOf(yuan: string): number {
  const found = /^[\u00A5\uFFE5]?\s*(\d{1,8})(?:\.(\d{1,2}))?$/.exec(yuan)
  return found ? Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0')) : Number.NaN
}

/** Names with a number behind, all as wide as the last number. */
export function series(prefix: string, first: number, count: number): Line[] {
  const width = String(first + count - 1).length
  return Array.from({ length: Math.min(count, MOST) }, (_, place) => ({ name: `${prefix}${String(first + place).padStart(width, '0')}` }))
}
