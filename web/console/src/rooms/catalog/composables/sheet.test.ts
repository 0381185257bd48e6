import { describe, expect, it } from 'vitest'
import { regrid, type SkuRow } from './grid'
import { copied, faultsOf, filledDown, pasted, pastedByValues, readTsv, textOf, written, writeTsv, type Column } from './sheet'

const COLUMNS: Column[] = ['price_fen', 'market_fen', 'cost_fen', 'weight_g', 'code']
const rows = (): SkuRow[] => regrid([{ name: '色', values: ['红', '蓝'], images: [] }, { name: '码', values: ['S', 'M', 'L'], images: [] }], [])
const range = (top: number, left: number, bottom = top, right = left): { top: number; left: number; bottom: number; right: number } => ({ top, left, bottom, right })

describe('cells', () => {
  it('read money, weights and codes as people write them', () => {
    const row = rows()[0]!
    expect(written(row, 'price_fen', '¥1,299.5').price_fen).toBe(129950)
    expect(written(row, 'price_fen', '12元').price_fen).toBe(1200)
    expect(written(row, 'weight_g', '1,500g').weight_g).toBe(1500)
    expect(written(row, 'code', ' A-1 ').code).toBe('A-1')
  })

  it('keep what cannot be read, until it is mended', () => {
    const bad = written(rows()[0]!, 'price_fen', '十元')
    expect([bad.price_fen, textOf(bad, 'price_fen')]).toEqual([null, '十元'])
    const mended = written(bad, 'price_fen', '10')
    expect([mended.price_fen, mended.wrong]).toEqual([1000, {}])
  })
})

describe('clipboard', () => {
  it('reads what spreadsheets write, and writes it back the same', () => {
    const cells = [['a', 'b\tc'], ['say "hi"', 'two\nlines'], ['', 'x']]
    expect(readTsv(writeTsv(cells))).toEqual(cells)
    expect(readTsv('1\t2\r\n3\t4\r\n')).toEqual([['1', '2'], ['3', '4']])
  })

  it('puts a block where the selection begins and leaves away what stands outside', () => {
    const after = pasted(rows(), COLUMNS, range(4, 0), readTsv('1\t2\n3\t4\n5\t6'))
    expect(after.map((row) => [row.price_fen, row.market_fen])).toEqual([[null, null], [null, null], [null, null], [null, null], [100, 200], [300, 400]])
  })

  it('fills a selection with one cell and repeats a block that fits', () => {
    expect(pasted(rows(), COLUMNS, range(0, 0, 5, 0), [['9']]).map((row) => row.price_fen)).toEqual([900, 900, 900, 900, 900, 900])
    expect(pasted(rows(), COLUMNS, range(0, 0, 5, 0), [['1'], ['2'], ['3']]).map((row) => row.price_fen)).toEqual([100, 200, 300, 100, 200, 300])
  })

  it('finds rows by their values, whatever the order', () => {
    const found = pastedByValues(rows(), COLUMNS, readTsv('蓝\tM\t8\n红\tS\t7\n绿\tS\t1'))
    expect(found?.missed).toBe(1)
    expect(found?.rows.map((row) => row.price_fen)).toEqual([700, null, null, null, 800, null])
    expect(pastedByValues(rows(), COLUMNS, [['8', '9', '10']])).toBeNull()
  })

  it('fills down and copies what was filled', () => {
    const filled = filledDown(pasted(rows(), COLUMNS, range(1, 0), [['5', '6']]), COLUMNS, range(1, 0, 3, 1))
    expect(copied(filled, COLUMNS, range(1, 0, 3, 1))).toBe('5.00\t6.00\n5.00\t6.00\n5.00\t6.00')
  })
})

describe('faults', () => {
  it('name every cell that is wrong, also by the server', () => {
    const given = rows().map((row, index) => ({ ...row, price_fen: index === 2 ? null : 100, code: index < 2 ? 'X' : '' }))
    given[3] = written(given[3]!, 'cost_fen', '?')
    const faults = faultsOf(given, COLUMNS, { 'skus.5.code': '已被使用' }, true)
    expect(faults.map((one) => [one.row, one.column, one.kind])).toEqual([[1, 'code', 'twice'], [2, 'price_fen', 'needed'], [3, 'cost_fen', 'unreadable'], [5, 'code', 'refused']])
  })
})
