import type { Room } from '../../app/rooms'

const orders: Room = {
  id: 'orders',
  messages: () => import('./messages'),
  routes: [
    { path: 'orders', component: () => import('./routes/Orders.vue'), meta: { permission: 'orders.read' } },
    { path: 'orders/ship-table', component: () => import('./routes/ShipTable.vue'), meta: { permission: 'orders.ship' } },
    { path: 'orders/invoices', component: () => import('./routes/Invoices.vue'), meta: { permission: 'money.read' } },
    { path: 'orders/questions', component: () => import('./routes/Questions.vue'), meta: { permission: 'orders.read' } },
    { path: 'orders/:no', component: () => import('./routes/Order.vue'), meta: { permission: 'orders.read' } },
    { path: 'after-sales', component: () => import('./routes/AfterSales.vue'), meta: { permission: 'orders.read' } },
    { path: 'after-sales/rules', component: () => import('./routes/AfterSaleRules.vue'), meta: { permission: 'orders.read' } },
    { path: 'after-sales/:no', component: () => import('./routes/AfterSale.vue'), meta: { permission: 'orders.read' } },
  ],
  nav: [
    { to: '/orders', title: { zh: '订单', en: 'Orders' }, icon: 'order', permission: 'orders.read' },
    { to: '/after-sales', title: { zh: '售后', en: 'After-sales' }, icon: 'refund', permission: 'orders.read' },
  ],
  actions: [
    { to: '/orders?status=paid', title: { zh: '处理待发货订单', en: 'Ship waiting orders' }, permission: 'orders.ship' },
    { to: '/orders/ship-table', title: { zh: '用表格批量发货', en: 'Ship from a table' }, permission: 'orders.ship' },
    { to: '/orders/invoices', title: { zh: '登记发票', en: 'Write invoices' }, permission: 'money.read' },
    { to: '/orders/questions', title: { zh: '设置下单问题', en: 'Checkout questions' }, permission: 'settings.write' },
    { to: '/after-sales?status=requested', title: { zh: '处理待审核售后', en: 'Decide waiting after-sales' }, permission: 'orders.refund' },
  ],
}

export default orders
