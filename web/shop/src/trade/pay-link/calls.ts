/** What only the page of pay links asks. */
import { send } from '@/core/api'
import { host } from '@/platform'

export const makeLink = (no: string) => send('post', '/api/shop/orders/{order_no}/pay-link', { path: { order_no: no } })
export const openLink = (token: string) => send('get', '/api/shop/pay-links/{token}', { path: { token } }, 'anyone')
export const checkLink = (token: string) => send('get', '/api/shop/pay-links/{token}/payment', { path: { token } }, 'anyone')
/** Without a name: from a phone's browser, or by a code on a wide screen. */
export const payOutside = (token: string, client: 'h5' | 'native') =>
  send('post', '/api/shop/pay-links/{token}/pay', { path: { token }, body: { client } }, 'anyone')
/** In WeChat or the mini program, out of one's own wallet. */
export const payMyself = (token: string) =>
  send('post', '/api/shop/pay-links/{token}/pay-as-myself', { path: { token }, body: { client: host === 'mini' ? 'mini' : 'jsapi' } })
