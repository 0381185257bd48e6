import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

interface Sent {
  url: string
  data: { visitor: string; hits: { kind: string; page: string; target: string }[] }
}

const sent: Sent[] = []
let shown = { route: 'pages/home/index', options: {} as Record<string, string> }

async function arrive() {
  vi.resetModules()
  uni.request = vi.fn((options: Sent & { fail(): void }) => {
    sent.push(options)
    queueMicrotask(() => options.fail())
  }) as never
  return import('@/core/hits')
}

describe('counting visits', () => {
  beforeEach(() => {
    sent.length = 0
    vi.useFakeTimers()
    vi.stubGlobal('getCurrentPages', () => [shown])
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('sends what was seen together, as one visitor, and minds no failure', async () => {
    const { seen } = await arrive()
    seen()
    shown = { route: 'pages/product/index', options: { id: '17', from: 'secret' } }
    seen()
    expect(sent).toEqual([])
    await vi.runAllTimersAsync()
    seen()
    await vi.runAllTimersAsync()
    expect(sent.map((one) => one.data.hits.map((hit) => `${hit.page} ${hit.target}`.trim()))).toEqual([
      ['/pages/home/index', '/pages/product/index product:17'],
      ['/pages/product/index product:17'],
    ])
    expect(sent[0]?.url).toMatch(/\/api\/shop\/hits$/)
    expect(sent[0]?.data.visitor).toMatch(/^[a-z0-9]{20}$/)
    expect(sent[1]?.data.visitor).toBe(sent[0]?.data.visitor)
  })

  it('tells nothing but the page and the number of what it is about', async () => {
    const { hitOf } = await arrive()
    expect(hitOf('/pages/product/index', { id: '1 OR 1' })).toEqual({ kind: 'view', page: '/pages/product/index', target: '' })
    expect(hitOf('/trade/order/index', { no: 'T1', id: '5' }).target).toBe('')
    expect(hitOf('/pages/list/index', { category_id: '3', q: '茶' }).target).toBe('category:3')
  })
})
