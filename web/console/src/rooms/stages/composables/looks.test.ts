import { describe, expect, it } from 'vitest'
import { daysBetween, entered, missingCore } from './looks'

describe('stages', () => {
  it('counts who entered a stage on each day', () => {
    const days = daysBetween('2026-02-27', '2026-03-02')
    expect(days).toEqual(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02'])
    const moves = [
      { before: 'user', after: 'fan', fans: 2, day: '2026-02-28' }, { before: 'core', after: 'fan', fans: 1, day: '2026-02-28' }, { before: 'fan', after: 'core', fans: 9, day: '2026-03-01' },
    ] as const
    expect(entered(moves, 'fan', days)).toEqual([0, 3, 0, 0])
  })

  it('says how many core fans are missing, and never less than none', () => {
    expect(missingCore({ core: 3, fans: 101, share_bp: 297, target_bp: 2000 })).toBe(18)
    expect(missingCore({ core: 30, fans: 100, share_bp: 3000, target_bp: 2000 })).toBe(0)
    expect(missingCore({ core: 0, fans: 0, share_bp: null, target_bp: 2000 })).toBe(0)
  })
})
