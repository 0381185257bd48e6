import { describe, expect, it } from 'vitest'
import { pageOf, stepsTo, urlOf } from '@/core/routes'

describe('short addresses in messages and menus', () => {
  it.each([
    ['#/orders/2026112200011', '/trade/order/index?no=2026112200011'],
    ['#/orders', '/trade/orders/index'],
    ['#/orders?tab=unpaid', '/trade/orders/index?tab=unpaid'],
    ['#/after-sales/AS1', '/trade/after-sale/index?no=AS1'],
    ['#/products/8', '/pages/product/index?id=8'],
    ['#/cart', '/pages/cart/index'],
    ['#/', null],
    ['', null],
    ['#/pages/product/index?id=8', null],
    ['#/trade/order/index?no=1', null],
  ])('%s means %s', (hash, page) => {
    expect(pageOf(hash)).toBe(page)
  })

  it('leaves empty parameters out', () => {
    expect(urlOf('/a', { x: 1, y: null, z: '', n: '茶 叶' })).toBe('/a?x=1&n=%E8%8C%B6%20%E5%8F%B6')
  })
})

describe('steps back to a page', () => {
  const stack = ['pages/product/index', 'trade/checkout/index', 'mine/addresses/index', 'mine/address/index'].map((route) => ({ route }))

  it('counts what lies on top of it', () => {
    expect(stepsTo('/trade/checkout/index', stack)).toBe(2)
    expect(stepsTo('/mine/addresses/index', stack)).toBe(1)
  })

  it('is nothing for the page on top and for one that is not there', () => {
    expect(stepsTo('/mine/address/index', stack)).toBe(0)
    expect(stepsTo('/pages/home/index', stack)).toBe(0)
  })
})
