import { describe, expect, it } from 'vitest'
import { staysOff } from './editor'

const cup = { key: 'demo/cup.webp', url: '/files/demo/cup.webp' }

describe('a product the clock is to put on sale', () => {
  it('is known to stay off while it has no picture', () => {
    expect(staysOff({ shelf_on_at: '2026-11-24T08:00:00+08:00', pictures: [] })).toBe(true)
    expect(staysOff({ shelf_on_at: '2026-11-24T08:00:00+08:00', pictures: [cup] })).toBe(false)
    expect(staysOff({ shelf_on_at: null, pictures: [] })).toBe(false)
  })
})
