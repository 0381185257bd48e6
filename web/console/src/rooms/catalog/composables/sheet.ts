import { parseYuan, yuanInput } from '@tiefen/format'
import type { SkuRow } from './grid'

/** What can be typed into a row of the grid. */
export type Column = 'price_fen' | 'market_fen' | 'cost_fen' | 'weight_g' | 'volume_cm3' | 'code'

export interface Range {
  top: number
  left: number
  bottom: number
  right: number
}

export type FaultKind = 'unreadable' | 'needed' | 'twice' | 'refused'

export interface Fault {
  row: number
  column: Column
  kind: FaultKind
  /** The server's word, or what was typed. */
  text: string
}

const WHOLES = new Set<Column>(['weight_g', 'volume_cm3'])
const WHOLE = /^\d{1,8}$/
export const MAX_CODE = 60

export function textOf(row: SkuRow, column: Column): string {
  const wrong = row.wrong[column]
  if (wrong !== undefined) return wrong
  if (column === 'code') return row.code
  const value = row[column]
  if (value === null) return ''
  return WHOLES.has(column) ? String(value) : yuanInput(value)
}

/** The row with `text` in one cell. What cannot be read is kept as it was typed, and marked. */
export function written(row: SkuRow, column: Column, text: string): SkuRow {
  const typed = text.trim()
  const { [column]: _, ...wrong } = row.wrong
  if (column === 'code') return typed.length > MAX_CODE ? { ...row, wrong: { ...wrong, code: typed } } : { ...row, code: typed, wrong }
  const plain = WHOLES.has(column) ? typed.replace(/[,，\s]/g, '').replace(/(g|\u514b|cm3|cm³)$/i, '') : typed
  const read = plain === '' ? null : WHOLES.has(column) ? (WHOLE.test(plain) ? Number(plain) : undefined) : (parseYuan(plain.replace(/\u5143$/, '')) ?? undefined)
  return read === undefined ? { ...row, [column]: null, wrong: { ...wrong, [column]: typed } } : { ...row, [column]: read, wrong }
}

/** Cells as spreadsheets put them on the clipboard: tabs and lines, quotes around what holds either. */
export function readTsv(text: string): string[][] {
  const lines: string[][] = [['']]
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!
    const line = lines.at(-1)!
    const cell = line.length - 1
    if (quoted) {
      if (char !== '"') line[cell] += char
      else if (text[at + 1] === '"') { line[cell] += '"'; at += 1 } else quoted = false
    } else if (char === '"' && line[cell] === '') quoted = true
    else if (char === '\t') line.push('')
    else if (char === '\n') lines.push([''])
    else if (char !== '\r') line[cell] += char
  }
  if (lines.length > 1 && lines.at(-1)!.length === 1 && lines.at(-1)![0] === '') lines.pop()
  return lines
}

export function writeTsv(cells: readonly (readonly string[])[]): string {
  return cells.map((line) => line.map((cell) => (/[\t\n"]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell)).join('\t')).join('\n')
}

function changed(rows: readonly SkuRow[], columns: readonly Column[], texts: ReadonlyMap<number, readonly (readonly [number, string])[]>): SkuRow[] {
  return rows.map((row, index) => (texts.get(index) ?? []).reduce((so, [column, text]) => written(so, columns[column]!, text), row))
}

/**
 * Puts a block of texts into the grid. One cell fills the whole selection; a block repeats over a selection that is a
 * multiple of it; what would stand outside the grid is left away.
 */
export function pasted(rows: readonly SkuRow[], columns: readonly Column[], range: Range, block: readonly (readonly string[])[]): SkuRow[] {
  const width = Math.max(...block.map((line) => line.length))
  const tall = range.bottom - range.top + 1
  const wide = range.right - range.left + 1
  const height = tall % block.length === 0 ? tall : block.length
  const breadth = wide % width === 0 ? wide : width
  const texts = new Map<number, [number, string][]>()
  for (let down = 0; down < height && range.top + down < rows.length; down += 1) {
    const line = block[down % block.length]!
    const cells: [number, string][] = []
    for (let along = 0; along < breadth && range.left + along < columns.length; along += 1) cells.push([range.left + along, line[along % width] ?? ''])
    texts.set(range.top + down, cells)
  }
  return changed(rows, columns, texts)
}

/**
 * Lines that begin with spec values find their rows by them, in whatever order they come; null when they do not begin so.
 * The other cells go into the columns from the first on.
 */
export function pastedByValues(rows: readonly SkuRow[], columns: readonly Column[], block: readonly (readonly string[])[]): { rows: SkuRow[]; missed: number } | null {
  const specs = rows[0]?.values.length ?? 0
  if (specs === 0 || !block.every((line) => line.length > specs)) return null
  const place = new Map(rows.map((row, index) => [row.values.join('\u0000'), index]))
  const texts = new Map<number, [number, string][]>()
  let missed = 0
  for (const line of block) {
    const index = place.get(line.slice(0, specs).map((value) => value.trim()).join('\u0000'))
    if (index === undefined) missed += 1
    else texts.set(index, line.slice(specs, specs + columns.length).map((text, column) => [column, text] as [number, string]))
  }
  return texts.size > 0 ? { rows: changed(rows, columns, texts), missed } : null
}

/** Repeats the first line of the selection down to its end. */
export function filledDown(rows: readonly SkuRow[], columns: readonly Column[], range: Range): SkuRow[] {
  const line = columns.slice(range.left, range.right + 1).map((column) => textOf(rows[range.top]!, column))
  return pasted(rows, columns, range, [line])
}

export function copied(rows: readonly SkuRow[], columns: readonly Column[], range: Range): string {
  return writeTsv(rows.slice(range.top, range.bottom + 1).map((row) => columns.slice(range.left, range.right + 1).map((column) => textOf(row, column))))
}

/** What is wrong, cell by cell; `refused` are the server's words by the field's name (`skus.3.code`). */
export function faultsOf(rows: readonly SkuRow[], columns: readonly Column[], refused: Readonly<Record<string, string>>, tried: boolean): Fault[] {
  const firstWith = new Map<string, number>()
  return rows.flatMap((row, index) => {
    const found: Fault[] = []
    for (const column of columns) {
      const wrong = row.wrong[column]
      const said = refused[`skus.${index}.${column}`]
      if (wrong !== undefined) found.push({ row: index, column, kind: 'unreadable', text: wrong })
      else if (column === 'price_fen' && tried && row.price_fen === null) found.push({ row: index, column, kind: 'needed', text: '' })
      else if (column === 'code' && row.code && firstWith.has(row.code)) found.push({ row: index, column, kind: 'twice', text: row.code })
      else if (said) found.push({ row: index, column, kind: 'refused', text: said })
    }
    if (row.code && !firstWith.has(row.code)) firstWith.set(row.code, index)
    return found
  })
}
