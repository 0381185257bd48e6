import type { Room } from '../../app/rooms'

const read = { permission: 'members.read' as const }
const members: Room = {
  id: 'members',
  messages: () => import('./messages'),
  routes: [{ path: 'levels', component: () => import('./routes/Levels.vue'), meta: read }],
  nav: [{ to: '/levels', title: { zh: '会员等级', en: 'Member levels' }, icon: 'star', permission: 'members.read' }],
  actions: [{ to: '/levels', title: { zh: '修改会员等级', en: 'Change member levels' }, permission: 'members.write' }],
}

export default members
