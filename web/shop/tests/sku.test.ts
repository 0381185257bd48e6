import { describe, expect, it } from 'vitest'
import { blank, choose, chosenSku, most, openSpecs, optionState, type Choice } from '@/core/sku'
import type { Product } from '@/core/types'
import { pieces, products } from './goods'

const tea = products('')[0] as Product
const plain = products('')[1] as Product

describe('choosing a SKU', () => {
  it('needs every spec and finds the one SKU', () => {
    expect(blank(tea)).toEqual([null, null])
    expect(chosenSku(tea, ['125g', null])).toBeNull()
    expect(chosenSku(tea, ['125g', '礼盒'])?.id).toBe(13)
    expect(openSpecs(tea, ['125g', null])).toEqual(['包装'])
  })

  it('has nothing to choose where there are no specs', () => {
    expect(chosenSku(plain, blank(plain))?.id).toBe(20)
  })

  it('tells what is not made from what is sold out, given the other choices', () => {
    expect(optionState(tea, [null, null], 0, '250g', pieces)).toBe('sold_out')
    expect(optionState(tea, [null, '罐装'], 0, '250g', pieces)).toBe('not_made')
    expect(optionState(tea, [null, '罐装'], 0, '125g', pieces)).toBe('free')
  })

  it('takes a choice back when tapped again', () => {
    const once = choose(tea, [null, null], 0, '50g')
    expect(once).toEqual(['50g', null])
    expect(choose(tea, once, 0, '50g')).toEqual([null, null])
  })

  it('never calls a combination free that leads to no SKU, whatever was chosen before', () => {
    const values: Choice[] = [null, '50g', '125g', '250g'].flatMap((a) => [null, '罐装', '礼盒'].map((b) => [a, b]))
    for (const choice of values)
      tea.specs.forEach((spec, at) =>
        spec.values.forEach((value) => {
          const next = choice.map((each, index) => (index === at ? value : each))
          const state = optionState(tea, choice, at, value, pieces)
          const sku = chosenSku(tea, next)
          if (!next.includes(null)) expect(state === 'not_made').toBe(sku === null)
        }),
      )
  })

  it('holds the number within stock and limit', () => {
    expect(most(120, 5)).toBe(5)
    expect(most(3, 5)).toBe(3)
    expect(most(0, null)).toBe(0)
    expect(most(undefined, null)).toBe(999)
  })
})
