import type { Room } from '../../app/rooms'

const account: Room = {
  id: 'account',
  messages: () => import('./messages'),
  routes: [{ path: 'account', component: () => import('./routes/Account.vue') }],
  nav: [],
  actions: [{ to: '/account', title: { zh: '修改密码与两步验证', en: 'Change password and two-step sign-in' } }],
}

export default account
