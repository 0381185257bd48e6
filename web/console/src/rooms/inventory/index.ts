import type { Room } from '../../app/rooms'

const inventory: Room = {
  id: 'inventory',
  messages: () => import('./messages'),
  routes: [{ path: 'stock', component: () => import('./routes/Stock.vue'), meta: { permission: 'goods.read' } }],
  nav: [{ to: '/stock', title: { zh: '库存', en: 'Stock' }, icon: 'stock', permission: 'goods.read' }],
  actions: [{ to: '/stock?low=5', title: { zh: '查看快卖完的商品', en: 'See what is running low' }, permission: 'goods.read' }],
}

export default inventory
