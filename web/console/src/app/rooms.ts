import type { IconName } from '@tiefen/ui'
import type { RouteRecordRaw } from 'vue-router'
import type { RoomMessages } from './i18n'
import type { Permission } from './session'
import type { Words } from './words'

export interface NavItem {
  to: string
  title: Words
  icon: IconName
  permission?: Permission
}

/** A thing the command palette can do at once. */
export interface Action {
  to: string
  title: Words
  permission?: Permission
}

export interface Room {
  id: string
  messages: () => Promise<{ default: RoomMessages }>
  routes: RouteRecordRaw[]
  nav: NavItem[]
  actions?: Action[]
}

declare module 'vue-router' {
  interface RouteMeta {
    permission?: Permission
    /** Reachable without signing in. */
    open?: boolean
    room?: string
  }
}
