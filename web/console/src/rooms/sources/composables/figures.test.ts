import { describe, expect, it } from 'vitest'
import { closed, example, ordersOf } from './figures'

describe('figures of sources', () => {
  it('writes shared orders as people do', () => {
    expect([30_000, 25_000, 3_333, 0].map(ordersOf)).toEqual(['3', '2.5', '0.33', '0'])
  })

  it('shares a hundred yuan by the weights', () => {
    expect(example({ first: 40, middle: 20, last: 40 })).toEqual([4000, 2000, 4000])
    expect(example({ first: 0, middle: 0, last: 0 })).toEqual([0, 0, 0])
  })

  it('closes an open period', () => {
    expect(closed({ from: '', to: '2026-04-01' })).toEqual({ first: '2025-04-02', last: '2026-04-01' })
  })
})
