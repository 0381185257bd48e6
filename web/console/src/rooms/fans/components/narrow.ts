import type { Schema } from '../../../app/api'

/** The fan list's filters as they stand in the address. */
export interface Filters { q: string; stage: string; following: string; code: string; tag: string; segment: string; rfm: string; owner: string; level: string; rule: string }

export function narrowOf(of: Filters): Schema<'Narrow'> {
  return {
    ...(of.q && { query: of.q }),
    ...(of.stage !== 'all' && { stage: of.stage as Schema<'Stage'> }),
    ...(of.following && { following: of.following === 'yes' }),
    ...(of.code && { source_code_id: Number(of.code) }),
    ...(of.tag && { tag_id: Number(of.tag) }),
    ...(of.segment && { segment_id: Number(of.segment) }),
    ...(of.rfm && { rfm_group: of.rfm as Schema<'RfmGroup'> }),
    ...(of.owner && { owner_staff_id: Number(of.owner) }),
    ...(of.level && { level_id: Number(of.level) }),
  }
}

export function ruleIn(text: string): Record<string, unknown> | null {
  try {
    return text ? (JSON.parse(text) as Record<string, unknown>) : null
  } catch {
    return null
  }
}

/** The filters as a rule, to begin a segment with. A search for a name has no place in a rule. */
export function ruleOf(of: Filters): Record<string, unknown> {
  const rule = ruleIn(of.rule)
  const nodes: Record<string, unknown>[] = [
    ...(of.stage !== 'all' ? [{ field: 'stage', op: 'in', value: [of.stage] }] : []),
    ...(of.following ? [{ field: 'following', op: 'is', value: of.following === 'yes' }] : []),
    ...(of.code ? [{ field: 'source_code_id', op: 'in', value: [Number(of.code)] }] : []),
    ...(of.tag ? [{ field: 'tag', op: 'in', value: [Number(of.tag)] }] : []),
    ...(of.segment ? [{ field: 'segment', op: 'in', value: [Number(of.segment)] }] : []),
    ...(of.rfm ? [{ field: 'rfm_group', op: 'in', value: [of.rfm] }] : []),
    ...(of.owner ? [{ field: 'owner_staff_id', op: 'in', value: [Number(of.owner)] }] : []),
    ...(of.level ? [{ field: 'level_id', op: 'in', value: [Number(of.level)] }] : []),
  ]
  if (!rule) return { all: nodes }
  return nodes.length === 0 ? rule : { all: [...nodes, rule] }
}
