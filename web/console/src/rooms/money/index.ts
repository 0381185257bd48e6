import type { Room } from '../../app/rooms'

const money: Room = {
  id: 'money',
  messages: () => import('./messages'),
  routes: [
    { path: 'money', redirect: '/money/payments' },
    { path: 'money/payments', component: () => import('./routes/Payments.vue'), meta: { permission: 'money.read' } },
    { path: 'money/counter', component: () => import('./routes/Counter.vue'), meta: { permission: 'orders.ship' } },
    { path: 'money/refunds', component: () => import('./routes/Refunds.vue'), meta: { permission: 'money.read' } },
    { path: 'money/suspense', component: () => import('./routes/Suspense.vue'), meta: { permission: 'money.read' } },
    { path: 'money/bills', component: () => import('./routes/Bills.vue'), meta: { permission: 'money.read' } },
    { path: 'money/statement', component: () => import('./routes/Statement.vue'), meta: { permission: 'money.read' } },
    { path: 'money/moves', component: () => import('./routes/Moves.vue'), meta: { permission: 'money.read' } },
    { path: 'money/ledger', component: () => import('./routes/Accounts.vue'), meta: { permission: 'money.read' } },
    { path: 'money/transfers', component: () => import('./routes/Transfers.vue'), meta: { permission: 'money.read' } },
  ],
  nav: [{ to: '/money', title: { zh: '资金', en: 'Money' }, icon: 'money', permission: 'money.read' }],
  actions: [
    { to: '/money/counter', title: { zh: '用收款码收一笔钱', en: 'Collect an amount by a code' }, permission: 'orders.ship' },
    { to: '/money/suspense', title: { zh: '处理挂账款项', en: 'Decide on money in suspense' }, permission: 'money.read' },
    { to: '/money/bills', title: { zh: '查看对账差异', en: 'See differences with WeChat’s bill' }, permission: 'money.read' },
    { to: '/money/statement', title: { zh: '查看商户对账单', en: 'See the merchant statement' }, permission: 'money.read' },
    { to: '/money/moves', title: { zh: '复核资金调整', en: 'Review money moved by hand' }, permission: 'money.read' },
    { to: '/money/ledger', title: { zh: '查看账本', en: 'Open the ledger' }, permission: 'money.read' },
  ],
}

export default money
