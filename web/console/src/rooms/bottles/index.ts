import type { Room } from '../../app/rooms'

const bottles: Room = {
  id: 'bottles',
  messages: () => import('./messages'),
  routes: [
    { path: 'bottles', component: () => import('./routes/Bottles.vue'), meta: { permission: 'bottles.read' } },
    { path: 'bottles/new', component: () => import('./routes/BottleNew.vue'), meta: { permission: 'bottles.write' } },
    { path: 'bottles/alarms', component: () => import('./routes/Alarms.vue'), meta: { permission: 'bottles.read' } },
    { path: 'bottles/:id(\\d+)', component: () => import('./routes/BottleBatch.vue'), meta: { permission: 'bottles.read' } },
  ],
  nav: [{ to: '/bottles', title: { zh: '一物一码', en: 'Bottle codes' }, icon: 'print', permission: 'bottles.read' }],
  actions: [{ to: '/bottles/new', title: { zh: '新建瓶身码批次', en: 'New batch of bottle codes' }, permission: 'bottles.write' }],
}

export default bottles
