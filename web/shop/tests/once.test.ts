import { beforeEach, describe, expect, it, vi } from 'vitest'

const startPay = vi.fn()
const pay = vi.fn()
vi.mock('@/core/calls', () => ({ startPay }))
vi.mock('@/platform', () => ({ pay, server: 'http://shop.test' }))

beforeEach(() => {
  vi.resetModules()
  startPay.mockReset().mockResolvedValue({ sheet: { package: 'prepay_id=1' } })
  pay.mockReset()
})

describe('paying', () => {
  it('opens one sheet for two taps, and another only after it was closed', async () => {
    const { payOrder } = await import('@/core/pay')
    let close: (said: string) => void = () => undefined
    pay.mockImplementation(() => new Promise((resolve) => (close = resolve)))
    const taps = [payOrder('A'), payOrder('A')]
    await vi.waitFor(() => expect(pay).toHaveBeenCalledTimes(1))
    close('cancelled')
    await expect(Promise.all(taps)).resolves.toEqual(['cancelled', 'cancelled'])
    expect(startPay).toHaveBeenCalledTimes(1)
    pay.mockResolvedValue('paid')
    await expect(payOrder('A')).resolves.toBe('paid')
    expect(startPay).toHaveBeenCalledTimes(2)
  })

  it('tells why the sheet could not be opened', async () => {
    const { tryToPay } = await import('@/core/pay')
    const { refusal } = await import('@/core/errors')
    startPay.mockRejectedValueOnce(refusal(409, { error: { code: 'orders.pay_expired', message: '付款时间已过' } }))
    await expect(tryToPay('A')).resolves.toEqual({ said: 'failed', why: '付款时间已过' })
  })

  it('does not keep a failed start in the way of the next try', async () => {
    const { payOrder } = await import('@/core/pay')
    startPay.mockRejectedValueOnce(new Error('away'))
    await expect(payOrder('A')).rejects.toThrow('away')
    pay.mockResolvedValue('paid')
    await expect(payOrder('A')).resolves.toBe('paid')
  })
})

describe('what is about to be bought', () => {
  it('keeps one key until the order changes, also over a reload', async () => {
    const first = await import('@/core/intent')
    first.buyNow([{ sku_id: 1, quantity: 2 }])
    const key = first.intended()?.key
    vi.resetModules()
    const reloaded = await import('@/core/intent')
    expect(reloaded.intended()).toMatchObject({ lines: [{ sku_id: 1, quantity: 2 }], key })
    reloaded.renewKey()
    expect(reloaded.intended()?.key).not.toBe(key)
    reloaded.fulfilled()
    expect(reloaded.intended()).toBeNull()
  })
})

describe('one deed at a time', () => {
  it('drops the second tap while the first is under way', async () => {
    const { useOnce } = await import('@/core/load')
    let release: () => void = () => undefined
    const deed = vi.fn(() => new Promise<void>((done) => (release = done)))
    const { busy, run } = useOnce(deed)
    const first = run()
    await run()
    expect(deed).toHaveBeenCalledTimes(1)
    expect(busy.value).toBe(true)
    release()
    await first
    expect(busy.value).toBe(false)
  })
})
