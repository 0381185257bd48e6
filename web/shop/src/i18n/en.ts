export default { 'tab.home': '首页', 'tab.category': '分类', 'tab.cart': '购物车', 'tab.me': '我的' } as const
