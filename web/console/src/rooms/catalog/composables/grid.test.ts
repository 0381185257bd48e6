import { describe, expect, it } from 'vitest'
import { findProblems, useEditor } from './editor'
import { combinations, regrid, renameValue, span, type SkuRow } from './grid'

const row = (values: string[], price: number, id: number | null = null): SkuRow => ({ id, values, code: '', price_fen: price, market_fen: null, cost_fen: null, weight_g: null, volume_cm3: null, image_key: null, image_url: '', wrong: {} })

describe('combinations', () => {
  it('gives the one empty row without specs and the product of the values with them', () => {
    expect(combinations([])).toEqual([[]])
    expect(combinations([{ name: '色', values: ['红', '蓝'], images: [] }, { name: '码', values: ['S', 'M', 'L'], images: [] }])).toHaveLength(6)
    expect(combinations([{ name: '色', values: [], images: [] }])).toEqual([])
  })
})

describe('regrid', () => {
  const colours = { name: '色', values: ['红', '蓝'], images: [] }
  const old = [row(['红'], 100, 1), row(['蓝'], 200, 2)]

  it('keeps rows that still exist, with their ids', () => {
    expect(regrid([{ ...colours, values: ['蓝', '红', '绿'] }], old).map((one) => [one.values[0], one.id, one.price_fen])).toEqual([['蓝', 2, 200], ['红', 1, 100], ['绿', null, null]])
  })

  it('hands prices, but never ids, to the rows of a new spec', () => {
    const rows = regrid([colours, { name: '码', values: ['S', 'M'], images: [] }], old)
    expect(rows.map((one) => [one.values.join(), one.id, one.price_fen])).toEqual([['红,S', null, 100], ['红,M', null, 100], ['蓝,S', null, 200], ['蓝,M', null, 200]])
    expect(regrid([colours], rows).map((one) => one.price_fen)).toEqual([100, 200])
  })

  it('ignores a spec that has no value yet', () => {
    expect(regrid([colours, { name: '', values: [], images: [] }], old)).toEqual(old)
  })

  it('does not mix up values that would join alike', () => {
    const rows = regrid([{ name: 'a', values: ['x,y', 'x'], images: [] }, { name: 'b', values: ['z', 'y,z'], images: [] }], [])
    expect(new Set(rows.map((one) => JSON.stringify(one.values))).size).toBe(4)
  })
})

describe('span and rename', () => {
  const rows = regrid([{ name: '色', values: ['红', '蓝'], images: [] }, { name: '码', values: ['S', 'M'], images: [] }], [])
  it('spans equal heads once', () => {
    expect(rows.map((_, index) => span(rows, index, 0))).toEqual([2, 0, 2, 0])
    expect(rows.map((_, index) => span(rows, index, 1))).toEqual([1, 1, 1, 1])
  })

  it('renames a value in its own column only', () => {
    expect(renameValue([row(['红', '红'], 1)], 0, '红', '赤')[0]!.values).toEqual(['赤', '红'])
  })
})

describe('editor', () => {
  it('names every problem and none when all is well', () => {
    const { form } = useEditor()
    expect(Object.keys(findProblems(form))).toEqual(['name', 'rows'])
    form.name = '面霜'
    form.rows = [row([], 9900)]
    expect(findProblems(form)).toEqual({})
    form.specs = [{ name: '净含量', values: ['30g', '30g'], images: [] }]
    expect(findProblems(form).specs?.key).toBe('catalog.valueTwice')
    form.specs = [{ name: 'n', values: Array.from({ length: 601 }, (_, index) => `${index}`), images: [] }]
    expect(findProblems(form).specs?.key).toBe('catalog.tooMany')
  })

  it('keeps ids, prices and so stock when a value is only renamed', () => {
    const editor = useEditor()
    editor.setSpecs([{ name: '', values: [], images: [] }, { name: '净含量', values: ['30g', '50g'], images: [] }])
    editor.form.rows[0]!.id = 7
    editor.renameValue(1, '30g', '30克')
    expect(editor.form.rows.map((one) => [one.id, one.values[0]])).toEqual([[7, '30克'], [null, '50g']])
    editor.renameValue(1, '30克', '50g')
    expect(editor.form.specs[1]!.values).toEqual(['30克', '50g'])
  })

  it('knows when there is something to lose', () => {
    const editor = useEditor()
    expect(editor.dirty).toBe(false)
    editor.form.name = '面霜'
    expect(editor.dirty).toBe(true)
  })
})
