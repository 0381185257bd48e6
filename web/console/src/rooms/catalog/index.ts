import type { Room } from '../../app/rooms'

const catalog: Room = {
  id: 'catalog',
  messages: () => import('./messages'),
  routes: [
    { path: 'goods', component: () => import('./routes/Products.vue'), meta: { permission: 'goods.read' } },
    { path: 'goods/new', component: () => import('./routes/ProductEdit.vue'), meta: { permission: 'goods.write' } },
    { path: 'goods/imports', component: () => import('./routes/GoodsImports.vue'), meta: { permission: 'goods.write' } },
    { path: 'goods/reviews', component: () => import('./routes/Reviews.vue'), meta: { permission: 'goods.read' } },
    { path: 'goods/:id(\\d+)', component: () => import('./routes/ProductEdit.vue'), meta: { permission: 'goods.read' } },
  ],
  nav: [{ to: '/goods', title: { zh: '商品', en: 'Goods' }, icon: 'goods', permission: 'goods.read' }],
  actions: [{ to: '/goods/new', title: { zh: '发布商品', en: 'New product' }, permission: 'goods.write' }, { to: '/goods/imports', title: { zh: '导入商品', en: 'Import goods' }, permission: 'goods.write' }],
}

export default catalog
