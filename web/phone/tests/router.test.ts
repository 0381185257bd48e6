import { describe, expect, it } from 'vitest'
import { placeOf } from '../src/router'

describe('where the phone is', () => {
  it.each([
    ['', { parts: [], query: {} }],
    ['#/', { parts: [], query: {} }],
    ['#/orders/O2026112200000000011', { parts: ['orders', 'O2026112200000000011'], query: {} }],
    ['#/orders?status=paid&q=%E8%8C%B6', { parts: ['orders'], query: { status: 'paid', q: '茶' } }],
  ])('%s', (hash, place) => {
    expect(placeOf(hash)).toEqual(place)
  })
})
