import type { Room } from '../../app/rooms'

const team: Room = {
  id: 'team',
  messages: () => import('./messages'),
  routes: [
    { path: 'team', redirect: '/team/staff' },
    { path: 'team/staff', component: () => import('./routes/Staff.vue'), meta: { permission: 'team.read' } },
    { path: 'team/roles', component: () => import('./routes/Roles.vue'), meta: { permission: 'team.read' } },
    { path: 'team/audit', component: () => import('./routes/Audit.vue'), meta: { permission: 'team.read' } },
    { path: 'team/api-keys', component: () => import('./routes/ApiKeys.vue'), meta: { permission: 'team.read' } },
  ],
  nav: [{ to: '/team', title: { zh: '团队', en: 'Team' }, icon: 'team', permission: 'team.read' }],
  actions: [
    { to: '/team/staff?new=1', title: { zh: '添加员工', en: 'Add a member of staff' }, permission: 'team.write' },
    { to: '/team/audit', title: { zh: '查看操作日志', en: 'Open the audit log' }, permission: 'team.read' },
  ],
}

export default team
