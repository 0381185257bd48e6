import { VueQueryPlugin } from '@tanstack/vue-query'
import { mount } from '@vue/test-utils'
import { ElMessage } from 'element-plus'
import { expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import { ApiError } from '../app/api'
import { i18n } from '../app/i18n'
import { useAct, type Act, type ActOptions } from './act'

vi.mock('element-plus', () => ({ ElMessage: { success: vi.fn(), error: vi.fn() } }))

function act<R>(send: () => Promise<R>, options: ActOptions<R> = {}): Act<[]> {
  let made: Act<[]> | undefined
  mount(defineComponent(() => {
    made = useAct(send, options)
    return () => h('i')
  }), { global: { plugins: [i18n, VueQueryPlugin] } })
  return made!
}

it('says when it worked and hands the result on', async () => {
  const after = vi.fn()
  const save = act(() => Promise.resolve(7), { done: (result) => `saved ${result}`, after })
  expect(await save.run()).toBe(true)
  expect(ElMessage.success).toHaveBeenCalledWith('saved 7')
  expect(after).toHaveBeenCalledWith(7)
  expect(save.busy).toBe(false)
})

it('keeps a refusal by field and shows its words', async () => {
  const save = act(() => Promise.reject(new ApiError(422, 'goods.bad', '名称太长', [{ field: 'name', message: '名称太长' }])))
  expect(await save.run()).toBe(false)
  expect(save.fields).toEqual({ name: '名称太长' })
  expect(ElMessage.error).toHaveBeenLastCalledWith(expect.objectContaining({ message: '名称太长' }))
  save.clear()
  expect(save.fields).toEqual({})
})

it('names the id of our own failure', async () => {
  await act(() => Promise.reject(new ApiError(500, 'http.500', '', [], {}, 'req-1'))).run()
  expect(ElMessage.error).toHaveBeenLastCalledWith(expect.objectContaining({ message: expect.stringContaining('req-1') }))
})

it('sends once however often it is pressed', async () => {
  let finish: () => void = () => undefined
  const send = vi.fn(() => new Promise<void>((resolve) => { finish = resolve }))
  const save = act(send)
  const first = save.run()
  expect(await save.run()).toBe(false)
  finish()
  expect(await first).toBe(true)
  expect(send).toHaveBeenCalledTimes(1)
})

it('does not swallow what is no answer of the server', async () => {
  await expect(act(() => Promise.reject(new TypeError('bug'))).run()).rejects.toThrow('bug')
})
