import type { Room } from '../../app/rooms'

const read = { permission: 'fans.read' as const }
const stages: Room = {
  id: 'stages',
  messages: () => import('./messages'),
  routes: [
    { path: 'stages', component: () => import('./routes/Board.vue'), meta: read },
    { path: 'stages/rules', component: () => import('./routes/Rules.vue'), meta: read },
  ],
  nav: [{ to: '/stages', title: { zh: '铁粉阶段', en: 'Stages' }, icon: 'star', permission: 'fans.read' }],
  actions: [{ to: '/stages/rules', title: { zh: '修改阶段规则', en: 'Change the stage rules' }, permission: 'stages.write' }],
}

export default stages
