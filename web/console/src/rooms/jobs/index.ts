import type { Room } from '../../app/rooms'

const jobs: Room = {
  id: 'jobs',
  messages: () => import('./messages'),
  routes: [{ path: 'jobs', component: () => import('./routes/Jobs.vue'), meta: { permission: 'jobs.read' } }],
  nav: [{ to: '/jobs', title: { zh: '任务', en: 'Jobs' }, icon: 'task', permission: 'jobs.read' }],
  actions: [{ to: '/jobs?state=dead', title: { zh: '查看失败的后台任务', en: 'See failed jobs' }, permission: 'jobs.read' }],
}

export default jobs
