const TABS = ['/pages/home/index', '/pages/category/index', '/pages/cart/index', '/pages/me/index']

export type Query = Record<string, string | number | null | undefined>

export function urlOf(page: string, query: Query = {}): string {
  const text = Object.entries(query)
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&')
  return text ? `${page}?${text}` : page
}

/** Goes to a page: a tab by switching, anything else on top of where the fan is. */
export function visit(page: string, query: Query = {}): void {
  if (TABS.includes(page)) uni.switchTab({ url: page })
  else uni.navigateTo({ url: urlOf(page, query) })
}

/** Goes to a page that takes this one's place, so that going back skips what is done with. */
export function become(page: string, query: Query = {}): void {
  if (TABS.includes(page)) uni.switchTab({ url: page })
  else uni.redirectTo({ url: urlOf(page, query) })
}

/** Back, or home when the page was opened from a message and there is nothing behind it. */
export function back(): void {
  if (getCurrentPages().length > 1) uni.navigateBack()
  else uni.switchTab({ url: '/pages/home/index' })
}

/** How many steps back a page lies under the one on top; 0 when it is not there. */
export function stepsTo(page: string, stack: { route?: string }[]): number {
  const at = stack.map(({ route = '' }) => `/${route.replace(/^\//, '')}`).lastIndexOf(page)
  return at < 0 ? 0 : stack.length - 1 - at
}

/** Back to a page further down, past what lies between; one step when it is not there. */
export function backTo(page: string): void {
  const steps = stepsTo(page, getCurrentPages() as { route?: string }[])
  if (steps > 1) uni.navigateBack({ delta: steps })
  else back()
}

/**
 * The short addresses that messages and menus carry (`#/orders/123`), as the pages they mean. Short ones are a
 * promise to the outside; where a page's file lives is not.
 */
export function pageOf(hash: string): string | null {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?')
  const [, head = '', id = '', more = ''] = path.split('/')
  const rest = query ? `&${query}` : ''
  const named: Record<string, string> = {
    orders: id ? `/trade/order/index?no=${id}${rest}` : `/trade/orders/index${query ? `?${query}` : ''}`,
    'after-sales': id ? `/trade/after-sale/index?no=${id}${rest}` : '/trade/after-sales/index',
    products: id ? `/pages/product/index?id=${id}${rest}` : `/pages/list/index${query ? `?${query}` : ''}`,
    pay: `/trade/pay-link/index?t=${id}${rest}`,
    home: '/pages/home/index',
    cart: '/pages/cart/index',
    me: '/pages/me/index',
    addresses: '/mine/addresses/index',
    coupons: '/mine/coupons/index',
    referral: '/mine/referral/index',
    privacy: '/mine/privacy/index',
    r: urlOf('/mine/invited/index', { code: id, product: more }),
    b: `/mine/bottle/index?code=${id}${rest}`,
  }
  return named[head] ?? null
}
