import { createRouter, createWebHashHistory } from 'vue-router'
import { rooms } from '../rooms'
import { loadMessages } from './i18n'
import { may, whoAmI } from './session'

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

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  const me = await whoAmI()
  if (!me) return { path: '/sign-in', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
  if (!may(to.meta.permission)) return { path: '/forbidden', query: { permission: to.meta.permission, from: to.fullPath } }
  return true
})

// A room's texts arrive together with its first page.
router.beforeResolve(async (to) => {
  const room = to.meta.room ? byId.get(to.meta.room) : undefined
  if (room) await loadMessages(room.id, room.messages)
})
