import { describe, expect, it } from 'vitest'
import { narrowOf, ruleIn, ruleOf, type Filters } from './narrow'

const none: Filters = { q: '', stage: 'all', following: '', code: '', tag: '', segment: '', rfm: '', owner: '', level: '', rule: '' }

describe('the fan list', () => {
  it('asks for nothing it was not asked for', () => {
    expect(narrowOf(none)).toEqual({})
    expect(narrowOf({ ...none, q: '林', stage: 'core', following: 'no', tag: '3', rfm: 'keep' })).toEqual({ query: '林', stage: 'core', following: false, tag_id: 3, rfm_group: 'keep' })
  })

  it('turns its filters into a rule', () => {
    const rule = { any: [{ field: 'orders', op: 'ge', value: 2 }] }
    expect(ruleOf({ ...none, stage: 'core' })).toEqual({ all: [{ field: 'stage', op: 'in', value: ['core'] }] })
    expect(ruleOf({ ...none, rule: JSON.stringify(rule) })).toEqual(rule)
    expect(ruleOf({ ...none, tag: '3', rule: JSON.stringify(rule) })).toEqual({ all: [{ field: 'tag', op: 'in', value: [3] }, rule] })
    expect(ruleOf({ ...none, level: '0' })).toEqual({ all: [{ field: 'level_id', op: 'in', value: [0] }] })
    expect(ruleOf({ ...none, rfm: 'keep' })).toEqual({ all: [{ field: 'rfm_group', op: 'in', value: ['keep'] }] })
    expect(ruleIn('{broken')).toBeNull()
  })
})
