import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { DataTable, FanChip, MoneyInput, Price, Segmented, TimeRange, TraceView } from './index'

describe('MoneyInput', () => {
  it('gives fen, tidies on leaving and never guesses at nonsense', async () => {
    const field = mount(MoneyInput, { props: { modelValue: 1250 } })
    const input = field.get('input')
    expect(input.element.value).toBe('12.50')
    await input.setValue('8.5')
    expect(field.emitted('update:modelValue')?.at(-1)).toEqual([850])
    await field.setProps({ modelValue: 850 })
    await input.trigger('change')
    expect(input.element.value).toBe('8.50')
    await input.setValue('1e3')
    expect(field.emitted('update:modelValue')?.at(-1)).toEqual([null])
    expect(input.attributes('aria-invalid')).toBe('true')
  })

  it('refuses more than its limit and follows the model', async () => {
    const field = mount(MoneyInput, { props: { modelValue: 0, max: 1000 } })
    await field.get('input').setValue('10.01')
    expect(field.emitted('update:modelValue')?.at(-1)).toEqual([null])
    await field.setProps({ modelValue: 500 })
    await nextTick()
    expect(field.get('input').element.value).toBe('5.00')
  })
})

describe('DataTable', () => {
  const columns = [{ key: 'no', label: '订单号' }, { key: 'fen', label: '实付', align: 'right' as const }]
  it('draws cells, slots and the empty state', async () => {
    const table = mount(DataTable<{ no: string; fen: number }>, {
      props: { columns, rows: [{ no: 'A1', fen: 100 }], rowKey: (row) => row.no, caption: '订单' },
      slots: { fen: '<b>¥1.00</b>', empty: '<i>none</i>' },
    })
    expect(table.findAll('tbody td').map((cell) => cell.text())).toEqual(['A1', '¥1.00'])
    expect(table.find('i').exists()).toBe(false)
    await table.setProps({ rows: [] })
    expect(table.find('i').text()).toBe('none')
    await table.setProps({ rows: undefined, loading: true })
    expect(table.findAll('tbody tr')).toHaveLength(8)
  })
})

describe('small parts', () => {
  it('Price keeps the sign before the currency', () => {
    expect(mount(Price, { props: { fen: -123_456 } }).text()).toBe('-¥1,234.56')
  })

  it('FanChip falls back to the first character, also of a wide one', () => {
    expect(mount(FanChip, { props: { name: '𠮷野家' } }).get('.disc').text()).toBe('𠮷')
  })

  it('Segmented is a radio group', async () => {
    const group = mount(Segmented, { props: { modelValue: 'a', label: '状态', options: [{ value: 'a', label: '甲' }, { value: 'b', label: '乙' }] } })
    await group.findAll('input')[1]!.setValue()
    expect(group.emitted('update:modelValue')).toEqual([['b']])
  })

  it('TimeRange presets reach back from today, today included', async () => {
    const range = mount(TimeRange, {
      props: { modelValue: { from: '', to: '' }, presets: [{ days: 0, label: '全部' }, { days: 7, label: '近7天' }], words: { label: '时间', from: '从', to: '到' } },
    })
    const [all, week] = range.findAll('button')
    expect(all!.attributes('aria-pressed')).toBe('true')
    await week!.trigger('click')
    const chosen = range.emitted('update:modelValue')![0]![0] as { from: string; to: string }
    expect((Date.parse(chosen.to) - Date.parse(chosen.from)) / 86_400_000).toBe(6)
  })

  it('TraceView ends in the total', () => {
    const trace = mount(TraceView, { props: { steps: [{ title: '吊牌价', amountFen: 1000 }, { title: '会员折扣', amountFen: -100 }], totalLabel: '应付', totalFen: 900 } })
    expect(trace.findAll('li').map((line) => line.text())).toEqual(['吊牌价¥10.00', '会员折扣-¥1.00', '应付¥9.00'])
  })
})
