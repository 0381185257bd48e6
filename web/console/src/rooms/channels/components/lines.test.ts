import { expect, test } from 'vitest'
import { readLines, series } from './lines'

const people = [{ id: 7, name: '小林' }]

test('cells of a spreadsheet become codes with owner and cost', () => {
  const { lines, wrong } = readLines('名称\t员工\t成本\n门店一\t小林\t12.5\r\n\n门店二\n', people, '名称')
  expect(lines).toEqual([{ name: '门店一', owner_staff_id: 7, cost_fen: 1250 }, { name: '门店二' }])
  expect(wrong).toEqual([])
})

test('a file with commas is read alike', () => {
  expect(readLines('\uFEFF"展会"\n甲，小林，￥3', people).lines).toEqual([{ name: '展会' }, { name: '甲', owner_staff_id: 7, cost_fen: 300 }])
})

test('rows that cannot be used say why', () => {
  expect(readLines(`${'长'.repeat(41)}\n甲\t没有的人\n乙\t\t一百\n丙\n丙`, people).wrong).toEqual([
    { row: 1, why: 'long' }, { row: 2, why: 'owner' }, { row: 3, why: 'cost' }, { row: 5, why: 'twice' },
  ])
})

test('a series is as wide as its last number', () => {
  expect(series('展架 ', 8, 3).map((line) => line.name)).toEqual(['展架 08', '展架 09', '展架 10'])
})
