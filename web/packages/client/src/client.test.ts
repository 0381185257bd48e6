import { describe, expect, it } from 'vitest'
import { ApiError, serverRoot, toApiError } from './index'

describe('serverRoot', () => {
  it.each([
    ['/console/', ''],
    ['/console/index.html', ''],
    ['/m/demo/console/', '/m/demo'],
    ['/', ''],
    ['/m/demo/', '/m/demo'],
  ])('of %s is %j', (pathname, root) => {
    expect(serverRoot(pathname, 'console')).toBe(root)
  })
})

describe('toApiError', () => {
  it('keeps code, fields and id of a refusal', () => {
    const body = { error: { code: 'orders.stock_short', message: '库存不足', field: 'items.0.quantity', details: { available: 2 }, id: 'r1' } }
    const error = toApiError(409, body, new Headers())
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 409, code: 'orders.stock_short', id: 'r1', details: { available: 2 }, retryable: false })
    expect(error.fields).toEqual([{ field: 'items.0.quantity', message: '库存不足' }])
  })

  it('survives an answer that is no refusal', () => {
    const error = toApiError(502, '<html>', new Headers({ 'x-request-id': 'r2', 'retry-after': '3' }))
    expect(error).toMatchObject({ status: 502, code: 'http.502', id: 'r2', retryAfter: 3, retryable: true })
  })
})
