import { describe, expect, it } from 'vitest'
import { clauseOf, complete, didOf, emptyGroup, fromRaw, pathOf, toRaw, type Field, type Raw } from './rule'

const orders: Field = { field: 'orders', type: 'number', ops: ['ge'], label: '', kind: null, options: [] }

describe('a rule', () => {
  it('comes back as it was kept', () => {
    const kept: Raw = {
      all: [
        { did: 'bought', op: 'at_least', times: 1, of: ['7'], days: 90 },
        { not: { any: [{ field: 'tag', op: 'in', value: [1, 2] }, { field: 'last_paid_at', op: 'unset' }] } },
      ],
    }
    expect(toRaw(fromRaw(kept))).toEqual(kept)
  })

  it('that is one condition stands in a group', () => {
    expect(toRaw(fromRaw({ field: 'orders', op: 'ge', value: 2 }))).toEqual({ all: [{ field: 'orders', op: 'ge', value: 2 }] })
    expect(toRaw(fromRaw({ not: { field: 'orders', op: 'ge', value: 2 } }))).toEqual({ not: { all: [{ field: 'orders', op: 'ge', value: 2 }] } })
  })

  it('is counted only when every row is filled in', () => {
    const group = emptyGroup()
    expect(complete(group)).toBe(false)
    group.nodes.push(clauseOf(orders), didOf('bought'))
    expect(complete(group)).toBe(true)
    group.nodes.push({ kind: 'clause', key: 0, field: 'tag', op: 'in', value: [] })
    expect(complete(group)).toBe(false)
  })

  it('by distance needs a point and more than nothing around it', () => {
    const near = clauseOf({ ...orders, field: 'distance', type: 'place', ops: ['near', 'set', 'unset'] })
    expect([near.op, complete(near)]).toEqual(['near', false])
    for (const [km, whole] of [[5, true], ['0.5', true], ['', false], ['0', false], ['x', false]] as const) expect(complete({ ...near, value: { point: 3, km } })).toBe(whole)
    const kept: Raw = { all: [{ field: 'distance', op: 'near', value: { point: 3, km: 5 } }] }
    expect(toRaw(fromRaw(kept))).toEqual(kept)
  })

  it('names its places as the server does', () => {
    const group = { ...emptyGroup(), every: false, opposite: true }
    expect(pathOf('rule.all.1', group, 2)).toBe('rule.all.1.not.any.2')
  })
})
