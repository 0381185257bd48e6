import { describe, expect, it } from 'vitest'
import { KINDS, blank, fromTenths, tier, toClock, toMinute, toTenths } from './form'

describe('a promotion form', () => {
  it('starts every kind in a group it may stand in', () => {
    for (const kind of KINDS) expect(blank(kind).group_id).toBe(kind === 'limited' || kind === 'nth' ? 1 : kind === 'off' || kind === 'percent' ? 2 : 3)
  })
  it('makes tiers that rise', () => {
    const first = tier('off')
    const second = tier('off', first)
    expect(second.from_fen).toBeGreaterThan(first.from_fen ?? 0)
    expect(second.off_fen).toBeGreaterThan(first.off_fen ?? 0)
    expect(tier('percent', { ...first, from_fen: 0, from_pieces: 3 })).toMatchObject({ from_fen: 0, from_pieces: 4 })
  })
  it('speaks of tenths as people do', () => {
    expect([toTenths(2000), fromTenths(8), fromTenths(8.5), fromTenths(undefined)]).toEqual([8, 2000, 1500, 0])
  })
  it('reads and writes clocks', () => {
    expect([toMinute('09:30'), toClock(570), toClock(1440)]).toEqual([570, '09:30', '24:00'])
  })
})
