import { describe, expect, it } from 'vitest'
import { folded, named } from './freight'

const region = (code: string, name: string, children: ReturnType<typeof leaf>[] = []) => ({ code, name, children })
const leaf = (code: string, name: string) => ({ code, name, children: [] as never[] })
const TREE = [region('330000', '浙江省', [region('330100', '杭州市', [leaf('330102', '上城区'), leaf('330106', '西湖区')]) as never, region('330200', '宁波市', [leaf('330203', '海曙区')]) as never])]

describe('regions', () => {
  it('a region whose parts are all ticked stands for them', () => {
    expect(folded(TREE, new Set(['330102', '330106']))).toEqual(['330100'])
    expect(folded(TREE, new Set(['330102', '330106', '330203']))).toEqual(['330000'])
    expect(folded(TREE, new Set(['330106']))).toEqual(['330106'])
  })
  it('are said by name', () => expect(named(TREE, ['330000', '330106', '999999'])).toEqual(['浙江省', '杭州市 西湖区', '999999']))
})
