import { expect, test } from 'vitest'
import { letter } from './past'

test('columns are named as spreadsheets name them', () => {
  expect([0, 25, 26, 27, 51, 52].map(letter)).toEqual(['A', 'Z', 'AA', 'AB', 'AZ', 'BA'])
})
