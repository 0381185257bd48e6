import { createRouter, createWebHashHistory } from 'vue-router'
import { rooms } from '../rooms'
import { loadMessages } from './i18n'
import { may, whoAmI, type Permission } from './session'

const byId = new Map(rooms.map((room) => [room.id, room]))

export const router = createRouter({
  history: createWebHashHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/sign-in', component: () => import('../shell/SignIn.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('../shell/Shell.vue'),
      children: [
        ...rooms.flatMap((room) => room.routes.map((route) => ({ ...route, meta: { ...route.meta, room: room.id } }))),
        { path: 'forbidden', component: () => import('../shell/Forbidden.vue') },
        { path: '', component: () => import('../shell/Start.vue') },
        { path: ':rest(.*)*', component: () => import('../shell/NotFound.vue') },
      ],
    },
  ],
})

const READ: readonly Permission[] = ['bottles.read', 'channels.read', 'fans.read', 'goods.read', 'helpdesk.read', 'jobs.read', 'members.read', 'promotions.read', 'settings.read', 'team.read']

/** Who changes something must see it: a form begins with what is there. */
function needed(permission: Permission | undefined): Permission[] {
  if (!permission) return []
  return [permission, ...READ.filter((read) => read === permission.replace(/\.write$/, '.read') && read !== permission)]
}

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  const me = await whoAmI()
  if (!me) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  const missing = needed(to.meta.permission).find((permission) => !may(permission))
  if (missing) return { path: '/forbidden', query: { permission: missing, from: to.fullPath } }
  return true
})

// A room's texts arrive together with its first page.
router.beforeResolve(async (to) => {
  const room = to.meta.room ? byId.get(to.meta.room) : undefined
  if (room) await loadMessages(room.id, room.messages)
})
