import type { Room } from '../../app/rooms'

const promotion: Room = {
  id: 'promotion',
  messages: () => import('./messages'),
  routes: [
    { path: 'promotions', component: () => import('./routes/Promotions.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/new', component: () => import('./routes/PromotionEdit.vue'), meta: { permission: 'promotions.write' } },
    { path: 'promotions/groups', component: () => import('./routes/Groups.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/guard', component: () => import('./routes/Guard.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/:id(\\d+)', component: () => import('./routes/Promotion.vue'), meta: { permission: 'promotions.read' } },
    { path: 'promotions/:id(\\d+)/edit', component: () => import('./routes/PromotionEdit.vue'), meta: { permission: 'promotions.write' } },
    { path: 'coupons', component: () => import('./routes/Coupons.vue'), meta: { permission: 'promotions.read' } },
    { path: 'coupons/new', component: () => import('./routes/CouponEdit.vue'), meta: { permission: 'promotions.write' } },
    { path: 'coupons/:id(\\d+)', component: () => import('./routes/Coupon.vue'), meta: { permission: 'promotions.read' } },
    { path: 'coupons/:id(\\d+)/edit', component: () => import('./routes/CouponEdit.vue'), meta: { permission: 'promotions.write' } },
    { path: 'referral', component: () => import('./routes/Referral.vue'), meta: { permission: 'promotions.read' } },
    { path: 'referral/rules', component: () => import('./routes/ReferralRules.vue'), meta: { permission: 'promotions.read' } },
    { path: 'referral/odd', component: () => import('./routes/ReferralOdd.vue'), meta: { permission: 'promotions.read' } },
    { path: 'referral/:id(\\d+)', component: () => import('./routes/Referrer.vue'), meta: { permission: 'promotions.read' } },
  ],
  nav: [{ to: '/promotions', title: { zh: '营销活动', en: 'Promotions' }, icon: 'tag', permission: 'promotions.read' },
    { to: '/coupons', title: { zh: '优惠券', en: 'Coupons' }, icon: 'tag', permission: 'promotions.read' },
    { to: '/referral', title: { zh: '老带新', en: 'Referral' }, icon: 'fans', permission: 'promotions.read' }],
  actions: [{ to: '/coupons/new', title: { zh: '新建优惠券', en: 'New coupon' }, permission: 'promotions.write' }, { to: '/promotions/new', title: { zh: '创建活动', en: 'New promotion' }, permission: 'promotions.write' }],
}

export default promotion
