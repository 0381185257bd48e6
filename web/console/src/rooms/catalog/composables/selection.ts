import { computed, reactive, ref, type Ref } from 'vue'
import type { SkuRow } from './grid'
import { copied, filledDown, pasted, pastedByValues, readTsv, textOf, written, type Column, type Range } from './sheet'

const KEPT = 100
const STEPS: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

export interface Sheet {
  /** The cell that keys go to, and the other corner of the selection. */
  at: { row: number; column: number }
  range: Range
  /** What is being typed; null while no cell is open. */
  typing: string | null
  select: (row: number, column: number, extend?: boolean) => void
  open: (text?: string) => void
  /** Closes the open cell and keeps what was typed. */
  commit: () => void
  cancel: () => void
  /** True when the key was ours. */
  key: (event: KeyboardEvent) => boolean
  copy: () => string
  /** How many lines of the block found no row; 0 when all did. */
  paste: (text: string) => number
  fillDown: () => void
  undo: () => boolean
}

/** The hands of a spreadsheet: a selection, an open cell, keys, clipboard, fill down and undo. */
export function useSheet(rows: Ref<SkuRow[]>, columns: Ref<readonly Column[]>): Sheet {
  const at = reactive({ row: 0, column: 0 })
  const anchor = reactive({ row: 0, column: 0 })
  const typing = ref<string | null>(null)
  const past: SkuRow[][] = []

  const range = computed<Range>(() => ({
    top: Math.min(at.row, anchor.row, rows.value.length - 1), bottom: Math.min(Math.max(at.row, anchor.row), rows.value.length - 1),
    left: Math.min(at.column, anchor.column), right: Math.max(at.column, anchor.column),
  }))
  const within = (value: number, size: number): number => Math.max(0, Math.min(value, size - 1))

  function select(row: number, column: number, extend = false): void {
    Object.assign(at, { row: within(row, rows.value.length), column: within(column, columns.value.length) })
    if (!extend) Object.assign(anchor, at)
  }
  function put(next: SkuRow[]): void {
    past.push(rows.value)
    if (past.length > KEPT) past.shift()
    rows.value = next
  }
  function open(text?: string): void {
    const row = rows.value[at.row]
    if (row) typing.value = text ?? textOf(row, columns.value[at.column]!)
  }
  function commit(): void {
    const text = typing.value
    typing.value = null
    const row = rows.value[at.row]
    const column = columns.value[at.column]!
    if (text !== null && row && text !== textOf(row, column)) put(rows.value.map((one, index) => (index === at.row ? written(one, column, text) : one)))
  }
  function clear(): void {
    put(pasted(rows.value, columns.value, range.value, [['']]))
  }
  function fillDown(): void {
    if (range.value.bottom > range.value.top) put(filledDown(rows.value, columns.value, range.value))
    else put(filledDown(rows.value, columns.value, { ...range.value, bottom: rows.value.length - 1 }))
  }
  function paste(text: string): number {
    const block = readTsv(text)
    const named = pastedByValues(rows.value, columns.value, block)
    put(named ? named.rows : pasted(rows.value, columns.value, range.value, block))
    return named?.missed ?? 0
  }
  function undo(): boolean {
    const before = past.pop()
    // Rows that came or went since (another value, another spec) are not brought back by this.
    if (!before || before.length !== rows.value.length || before.some((row, index) => row.values.join() !== rows.value[index]!.values.join())) return false
    rows.value = before
    return true
  }

  function key(event: KeyboardEvent): boolean {
    return typing.value === null ? keyOnGrid(event) : keyInCell(event)
  }
  function keyInCell(event: KeyboardEvent): boolean {
    if (event.isComposing) return false
    if (event.key === 'Escape') typing.value = null
    else if (event.key === 'Enter' || event.key === 'Tab') {
      commit()
      if (event.key === 'Enter') select(at.row + (event.shiftKey ? -1 : 1), at.column)
      else select(at.row, at.column + (event.shiftKey ? -1 : 1))
    } else return false
    return true
  }
  function keyOnGrid(event: KeyboardEvent): boolean {
    const command = event.ctrlKey || event.metaKey
    const step = STEPS[event.key]
    if (step) {
      const [down, along] = command ? [step[0] * rows.value.length, step[1] * columns.value.length] : step
      select(at.row + down, at.column + along, event.shiftKey)
    } else if (event.key === 'Home') select(command ? 0 : at.row, 0, event.shiftKey)
    else if (event.key === 'End') select(command ? rows.value.length : at.row, columns.value.length, event.shiftKey)
    else if (event.key === 'PageDown') select(at.row + 10, at.column, event.shiftKey)
    else if (event.key === 'PageUp') select(at.row - 10, at.column, event.shiftKey)
    else if (event.key === 'Enter' || event.key === 'F2') open()
    else if (event.key === 'Delete' || event.key === 'Backspace') clear()
    else if (command && event.key.toLowerCase() === 'd') fillDown()
    else if (command && event.key.toLowerCase() === 'z') undo()
    else if (command && event.key.toLowerCase() === 'a') {
      Object.assign(anchor, { row: 0, column: 0 })
      select(rows.value.length, columns.value.length, true)
    } else if (event.key.length === 1 && !command && !event.altKey) open(event.key)
    else return false
    return true
  }

  return reactive({
    at, range, typing, select, open, commit, key, paste, fillDown, undo,
    cancel: () => { typing.value = null },
    copy: () => copied(rows.value, columns.value, range.value),
  }) as Sheet
}
