import type { Schema } from '@tiefen/client'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import ShipSheet from '../src/components/ShipSheet.vue'
import { t } from '../src/i18n'

const line = (id: number, left_to_ship: number): Schema<'ConsoleLineOut'> => ({
  id, sku_id: id, product_id: id, product_name: `商品 ${id}`, spec_text: '', image_url: '', unit_price_fen: 100, quantity: 3, pay_fen: 300, list_fen: 300, discount_fen: 0, cost_fen: null, gift: false,
  shipped: 3 - left_to_ship, refundable: 3, returnable: 3 - left_to_ship, refunded_fen: 0, refunding_fen: 0, cancelled: 0, returned: 0, left_to_ship,
})
const order = { order_no: 'O1', lines: [line(1, 3), line(2, 0), line(3, 2)] } as unknown as Schema<'ConsoleOrder'>

const wire = vi.hoisted(() => {
  const now = { sent: [] as { body: unknown; key: string | null }[], answer: (): Response => Response.json({}) }
  // The client takes hold of fetch when it is made, so it must find ours.
  globalThis.fetch = (async (request: Request) => {
    now.sent.push({ body: await request.json(), key: request.headers.get('Idempotency-Key') })
    return now.answer()
  }) as typeof fetch
  return now
})

beforeEach(() => {
  wire.sent.length = 0
  localStorage.clear()
  wire.answer = () => Response.json({}, { status: 201 })
  HTMLDialogElement.prototype.showModal = () => undefined
})

function sheet() {
  const wrapper = mount(ShipSheet, { props: { order } })
  const put = (name: string, value: string | number | boolean) => wrapper.get(`[data-testid="${name}"]`).setValue(value)
  const send = async () => {
    await wrapper.get('form').trigger('submit')
    await flushPromises()
  }
  return { wrapper, put, send }
}

describe('sending a parcel', () => {
  it('asks for courier and number before it asks the server', async () => {
    const { wrapper, send } = sheet()
    await send()
    expect(wrapper.text()).toContain(t('ship.need'))
    expect(wire.sent).toEqual([])
  })

  it('sends everything that is left by naming nothing, and remembers the courier', async () => {
    const { wrapper, put, send } = sheet()
    await put('courier', '顺丰速运')
    await put('tracking', 'SF1')
    await send()
    expect(wire.sent[0]?.body).toEqual({ courier: '顺丰速运', tracking_no: 'SF1', lines: [] })
    expect(wrapper.emitted('done')).toHaveLength(1)
    expect(localStorage.getItem('tiefen.phone.courier')).toBe('顺丰速运')
  })

  it('keeps the key when the answer was lost, so that one parcel is sent once', async () => {
    const { wrapper, put, send } = sheet()
    await put('courier', '顺丰速运')
    await put('tracking', 'SF1')
    wire.answer = () => {
      throw new TypeError('network')
    }
    await send()
    expect(wrapper.text()).toContain(t('error.offline'))
    wire.answer = () => Response.json({}, { status: 201 })
    await send()
    expect(wire.sent[1]?.key).toBe(wire.sent[0]?.key)
    await put('tracking', 'SF2')
    await send()
    expect(wire.sent[2]?.key).not.toBe(wire.sent[0]?.key)
  })

  it('names the pieces of a part, leaving out what is not in it', async () => {
    const { put, send } = sheet()
    await put('courier', '顺丰速运')
    await put('tracking', 'SF1')
    await put('some', true)
    await put('piece-1', 2)
    await put('piece-3', 0)
    await send()
    expect(wire.sent[0]?.body).toMatchObject({ lines: [{ line_id: 1, quantity: 2 }] })
  })

  it('shows the server’s own reason', async () => {
    const { wrapper, put, send } = sheet()
    await put('courier', '顺丰速运')
    await put('tracking', 'SF1')
    wire.answer = () => Response.json({ error: { code: 'orders.duplicate_parcel', message: '运单号 SF1 已录入' } }, { status: 409 })
    await send()
    expect(wrapper.text()).toContain('运单号 SF1 已录入')
    expect(wrapper.emitted('done')).toBeUndefined()
  })
})
