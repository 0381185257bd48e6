/** What a fan asks about their own data: only this page asks it, so it is not among everybody's questions. */
import { send } from '@/core/api'

export const getPrivacy = () => send('get', '/api/shop/me/privacy', {})
export const askCopy = () => send('post', '/api/shop/me/privacy/export', {})
export const askErasure = () => send('post', '/api/shop/me/privacy/erase', {})
export const takeBack = (id: number) => send('post', '/api/shop/me/privacy/{request_id}/withdraw', { path: { request_id: id } })
export const setPlace = (agreed: boolean) => send('put', '/api/shop/me/place', { body: { agreed } })
export const setContact = (wanted: boolean) => send('put', '/api/shop/me/contact', { body: { wanted, reason: '' } })
