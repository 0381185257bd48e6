import { expect, it } from 'vitest'
import { signedChange } from './adjustment'

it.each([
  ['received', 5, 10, 5],
  ['lost', 3, 10, -3],
  ['counted', 7, 10, -3],
  ['counted', 12, 10, 2],
] as const)('%s %i with %i on hand changes by %i', (reason, entered, onHand, change) => {
  expect(signedChange(reason, entered, onHand)).toBe(change)
})
