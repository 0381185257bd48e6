import { VueQueryPlugin } from '@tanstack/vue-query'
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import { useList, type KeysetPage, type List } from './list'

type Filters = { q: string; status: string }
let router: Router
let list: List<number, Filters>
const load = vi.fn<(filters: Filters, cursor: string | undefined) => Promise<KeysetPage<number>>>()

async function open(path: string): Promise<void> {
  const Page = defineComponent(() => {
    list = useList<number, Filters>('numbers', { q: '', status: 'all' }, load)
    return () => h('i', list.rows?.join())
  })
  router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/numbers', component: Page }, { path: '/other', component: { render: () => null } }] })
  await router.push(path)
  mount({ render: () => h(Page) }, { global: { plugins: [router, VueQueryPlugin] } })
  await flushPromises()
}

beforeEach(() => {
  load.mockReset()
  load.mockImplementation((_, cursor) => Promise.resolve({ items: [cursor === undefined ? 1 : Number(cursor)], next: cursor === '3' ? null : String(Number(cursor ?? 1) + 1) }))
})

it('reads its filters from the address', async () => {
  await open('/numbers?status=paid&q=rose')
  expect(load).toHaveBeenLastCalledWith({ q: 'rose', status: 'paid' }, undefined)
  expect(list.filtered).toBe(true)
})

it('writes only what differs from the defaults and begins at the first page', async () => {
  await open('/numbers?cursor=2&page=2')
  list.set({ status: 'paid' })
  await flushPromises()
  expect(router.currentRoute.value.fullPath).toBe('/numbers?status=paid')
  list.reset()
  await flushPromises()
  expect(router.currentRoute.value.fullPath).toBe('/numbers')
})

it('walks forward and back by cursors', async () => {
  await open('/numbers')
  list.next()
  await flushPromises()
  list.next()
  await flushPromises()
  expect([list.rows, list.number, list.hasNext]).toEqual([[3], 3, false])
  list.previous()
  await flushPromises()
  expect([list.rows, list.number]).toEqual([[2], 2])
  list.previous()
  await flushPromises()
  expect([list.rows, list.number, router.currentRoute.value.fullPath]).toEqual([[1], 1, '/numbers'])
})

it('goes to the first page when it does not know the way back', async () => {
  await open('/numbers?cursor=3&page=3')
  list.previous()
  await flushPromises()
  expect(router.currentRoute.value.fullPath).toBe('/numbers')
})

it('does not ask with the query of another page', async () => {
  await open('/numbers')
  const asked = load.mock.calls.length
  await router.push('/other?q=not-mine')
  await flushPromises()
  expect(load).toHaveBeenCalledTimes(asked)
})
