import type { Room } from '../../app/rooms'

const meta = { permission: 'goods.read' } as const
const inventory: Room = {
  id: 'inventory',
  messages: () => import('./messages'),
  routes: [
    { path: 'stock', component: () => import('./routes/Stock.vue'), meta },
    { path: 'stock/locations', component: () => import('./routes/Locations.vue'), meta },
    { path: 'stock/transfers', component: () => import('./routes/Transfers.vue'), meta },
    { path: 'stock/tables', component: () => import('./routes/Tables.vue'), meta },
    { path: 'stock/low', component: () => import('./routes/Low.vue'), meta },
    { path: 'stock/counts', component: () => import('./routes/Counts.vue'), meta },
    { path: 'stock/counts/:no', component: () => import('./routes/Count.vue'), meta },
  ],
  nav: [{ to: '/stock', title: { zh: '库存', en: 'Stock' }, icon: 'stock', permission: 'goods.read' }],
  actions: [
    { to: '/stock/low', title: { zh: '查看快卖完的商品', en: 'See what is running low' }, permission: 'goods.read' },
    { to: '/stock/transfers', title: { zh: '在仓库之间调拨', en: 'Move goods between locations' }, permission: 'goods.read' },
    { to: '/stock/tables', title: { zh: '用表格导入、导出库存', en: 'Import or export stock as a table' }, permission: 'goods.read' },
    { to: '/stock/counts', title: { zh: '盘点库存', en: 'Count stock' }, permission: 'goods.read' },
  ],
}

export default inventory
