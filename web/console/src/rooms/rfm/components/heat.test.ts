import { expect, test } from 'vitest'
import { heat, monthsOf, ofCell, ofGroup } from './heat'

test('a cell is coloured by its share, and an empty one not at all', () => {
  expect([heat(0, 10), heat(10, 10), heat(0, 0)]).toEqual([0, 70, 0])
  expect(heat(1, 10_000)).toBeGreaterThan(0)
})

test('a cell leads to the fans in it', () => {
  expect(JSON.parse(ofCell(4, 5).query.rule)).toEqual({ all: [{ field: 'rfm_r', op: 'eq', value: 4 }, { field: 'rfm_f', op: 'eq', value: 5 }] })
  expect(ofGroup('keep').query).toEqual({ rfm: 'keep' })
})

test('a table has as many months as its oldest cohort, up to a year', () => {
  const cohort = (months: number): { month: string; buyers: number; back: number[] } => ({ month: '2026-01-01', buyers: 1, back: Array.from({ length: months }, () => 1) })
  expect(monthsOf([])).toEqual([])
  expect(monthsOf([cohort(3), cohort(1)])).toEqual([1, 2])
  expect(monthsOf([cohort(25)])).toHaveLength(12)
})
