import type { Permission } from '../../../app/session'

/** A record, so that it does not compile when the server knows a permission that is missing here; the order is the navigation's. */
const KNOWN: Record<Permission, true> = {
  'overview.read': true, 'fans.read': true, 'fans.write': true, 'fans.reveal': true, 'fans.privacy': true, 'stages.write': true, 'channels.read': true, 'channels.write': true, 'channels.decide': true, 'bottles.read': true, 'bottles.write': true, 'results.read': true, 'helpdesk.read': true, 'helpdesk.write': true,
  'goods.read': true, 'goods.write': true, 'goods.cost': true, 'stock.write': true, 'promotions.read': true, 'promotions.write': true, 'promotions.approve': true, 'members.read': true, 'members.write': true, 'orders.read': true, 'orders.ship': true, 'orders.refund': true, 'money.read': true, 'team.read': true, 'team.write': true,
  'settings.read': true, 'settings.write': true, 'jobs.read': true, 'jobs.write': true,
}

export const PERMISSIONS = Object.keys(KNOWN) as readonly Permission[]

export interface Area {
  id: string
  permissions: Permission[]
}

/** Permissions grouped by what they are about: the word before the dot. */
export function areas(): Area[] {
  const found = new Map<string, Permission[]>()
  for (const permission of PERMISSIONS) {
    const id = permission.split('.')[0]!
    found.set(id, [...(found.get(id) ?? []), permission])
  }
  return [...found].map(([id, permissions]) => ({ id, permissions }))
}

/** A permission's key among the texts. */
export function wordOf(permission: string): string {
  return `permission.${permission.replace('.', '_')}`
}
