import type { Room } from '../../app/rooms'

const read = { permission: 'members.read' as const }
const members: Room = {
  id: 'members',
  messages: () => import('./messages'),
  routes: [
    { path: 'levels', component: () => import('./routes/Levels.vue'), meta: read },
    { path: 'points', component: () => import('./routes/Points.vue'), meta: read },
  ],
  nav: [
    { to: '/levels', title: { zh: '会员等级', en: 'Member levels' }, icon: 'star', permission: 'members.read' },
    { to: '/points', title: { zh: '积分', en: 'Points' }, icon: 'gift', permission: 'members.read' },
  ],
  actions: [
    { to: '/levels', title: { zh: '修改会员等级', en: 'Change member levels' }, permission: 'members.write' },
    { to: '/points', title: { zh: '修改积分规则', en: 'Change the rules of points' }, permission: 'members.write' },
  ],
}

export default members
