import type { Room } from '../../app/rooms'

const helpdesk: Room = {
  id: 'helpdesk',
  messages: () => import('./messages'),
  routes: [
    { path: 'replies', component: () => import('./routes/Replies.vue'), meta: { permission: 'helpdesk.read' } },
    { path: 'replies/welcome', component: () => import('./routes/Welcome.vue'), meta: { permission: 'helpdesk.read' } },
    { path: 'replies/unanswered', component: () => import('./routes/Unanswered.vue'), meta: { permission: 'helpdesk.read' } },
    { path: 'replies/new', component: () => import('./routes/ReplyEdit.vue'), meta: { permission: 'helpdesk.write' } },
    { path: 'replies/:id(\\d+)', component: () => import('./routes/ReplyEdit.vue'), meta: { permission: 'helpdesk.read' } },
  ],
  nav: [{ to: '/replies', title: { zh: '自动回复', en: 'Auto-replies' }, icon: 'reply', permission: 'helpdesk.read' }],
  actions: [
    { to: '/replies/new', title: { zh: '新建关键词回复', en: 'New keyword reply' }, permission: 'helpdesk.write' },
    { to: '/replies/welcome', title: { zh: '修改欢迎语', en: 'Edit the welcome' }, permission: 'helpdesk.write' },
  ],
}

export default helpdesk
