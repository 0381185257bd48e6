import type { Schema } from '@tiefen/client'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import FanPage from '../src/pages/FanPage.vue'
import { t } from '../src/i18n'
import { me, type Me } from '../src/session'

const fan = (more: object): Schema<'FanDetail'> =>
  ({
    id: 7, name: '小满', stage: 'user', following: true, source: null, owner: { id: 3, name: '小林', active: true }, phone_masked: null, remark: '爱喝绿茶', tags: [], orders: 1, paid_fen: 9900, refunded_fen: 0,
    last_seen_at: '2026-11-01T00:00:00Z', last_paid_at: null, follow_up_on: null, follow_up_note: '', ...more,
  }) as unknown as Schema<'FanDetail'>

const wire = vi.hoisted(() => {
  const now = { sent: [] as string[], fan: {} as object, status: 200 }
  // The client takes hold of fetch when it is made, so it must find ours.
  globalThis.fetch = (async (request: Request) => {
    const path = new URL(request.url).pathname.replace(/.*\/api\/console/, '')
    if (request.method !== 'GET') now.sent.push(`${request.method} ${path} ${await request.text()}`)
    if (path.endsWith('/timeline')) return Response.json({ items: [], next: null })
    if (path.endsWith('/level')) return Response.json({ error: { code: 'x', message: '' } }, { status: 404 })
    return now.status === 200 ? Response.json(now.fan) : Response.json({ error: { code: 'fans.missing', message: '没有这位粉丝' } }, { status: now.status })
  }) as typeof fetch
  return now
})

beforeEach(() => {
  Object.assign(wire, { sent: [], status: 200, fan: fan({}) })
  me.value = { id: 3, name: '小林', permissions: [] } as unknown as Me
  HTMLDialogElement.prototype.showModal = () => undefined
})

async function page() {
  const wrapper = mount(FanPage, { props: { no: '7' } })
  await flushPromises()
  const press = async (name: string) => {
    await wrapper.get(`[data-testid="${name}"]`).trigger('click')
    await flushPromises()
  }
  return { wrapper, press }
}

describe('a fan on the staff phone', () => {
  it('is planned for, and what came of it is sent', async () => {
    const { wrapper, press } = await page()
    await press('plan')
    await wrapper.get('[data-testid="plan-note"]').setValue('回访')
    await wrapper.get('[data-testid="plan-day"]').setValue('2026-11-30')
    wire.fan = fan({ follow_up_on: '2026-11-30', follow_up_note: '回访' })
    await wrapper.get('dialog form').trigger('submit')
    await flushPromises()
    expect(wire.sent).toEqual(['PUT /my/looked-after/7/follow-up {"due_on":"2026-11-30","note":"回访"}'])
    expect(wrapper.find('dialog').exists()).toBe(false)
    await press('plan-done')
    await wrapper.get('[data-testid="words"]').setValue(' 很满意 ')
    wire.fan = fan({})
    await wrapper.get('dialog form').trigger('submit')
    await flushPromises()
    expect(wire.sent[1]).toBe('POST /my/looked-after/7/follow-up/done {"result":"很满意"}')
    expect(wrapper.get('[data-testid="follow-up"]').text()).toContain(t('plan.none'))
  })

  it('of a colleague may be read with the right to all, and not written to', async () => {
    me.value = { id: 4, name: '阿晨', permissions: ['fans.read'] } as unknown as Me
    const { wrapper } = await page()
    expect(wrapper.get('[data-testid="remark"]').text()).toBe('爱喝绿茶')
    expect(wrapper.findAll('[data-testid="plan"], [data-testid="note"]')).toHaveLength(0)
  })

  it('who is not ours is not there', async () => {
    wire.status = 404
    const { wrapper } = await page()
    expect(wrapper.get('[data-testid="page-error"]').text()).toContain(t('error.missing'))
    expect(wrapper.find('[data-testid="retry"]').exists()).toBe(false)
  })
})
