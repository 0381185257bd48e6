import type { Action, NavItem, Room } from '../app/rooms'
import account from './account'
import bottles from './bottles'
import catalog from './catalog'
import channels from './channels'
import fans from './fans'
import helpdesk from './helpdesk'
import inventory from './inventory'
import jobs from './jobs'
import members from './members'
import money from './money'
import orders from './orders'
import overview from './overview'
import promotion from './promotion'
import rfm from './rfm'
import segments from './segments'
import settings from './settings'
import sources from './sources'
import stages from './stages'
import team from './team'

/** The left navigation, grouped by job. */
const groups: readonly (readonly Room[])[] = [[overview], [fans, segments, stages, rfm, channels, sources, bottles, helpdesk], [catalog, inventory, promotion, members, orders, money], [team, settings, jobs]]

export const rooms: readonly Room[] = [...groups.flat(), account]
export const navigation: readonly (readonly NavItem[])[] = groups.map((group) => group.flatMap((room) => room.nav))
export const actions: readonly Action[] = rooms.flatMap((room) => room.actions ?? [])
