import { describe, expect, it } from 'vitest'
import { blank, check, entriesOf, menuOf, sound, type TopEntry } from './menu'

const shop: TopEntry = { ...blank(), name: '商城', url: 'https://a.example/shop/', subs: [] }

describe('the menu', () => {
  it('sends only what an entry’s type uses', () => {
    expect(menuOf([{ ...shop, key: 'left over' }]).button[0]).toEqual({ name: '商城', type: 'view', url: 'https://a.example/shop/', sub_button: [] })
  })

  it('gives an entry with others below no action', () => {
    const [button] = menuOf([{ ...shop, subs: [{ ...blank(), name: '肤质', type: 'click', key: '肤质' }] }]).button
    expect(button).toEqual({ name: '商城', sub_button: [{ name: '肤质', type: 'click', key: '肤质' }] })
  })

  it('comes back as it went', () => {
    const entries: TopEntry[] = [{ ...shop, subs: [{ ...blank(), name: '首页', type: 'miniprogram', url: 'https://a.example/', appid: 'wx1', pagepath: 'pages/home' }] }, shop]
    const out = { button: menuOf(entries).button.map((one) => ({ ...one, sub_button: one.sub_button ?? [] })), published_at: null }
    expect(menuOf(entriesOf(out))).toEqual(menuOf(entries))
  })

  it('is sound only when every entry can act', () => {
    expect(sound([shop])).toBe(true)
    expect(check({ ...shop, url: 'shop' })).toEqual({ url: 'settings.urlBad' })
    expect(check({ ...shop, url: '', subs: [shop] })).toEqual({})
    expect(sound([{ ...shop, subs: [{ ...blank(), name: 'x', type: 'click' }] }])).toBe(false)
  })
})
