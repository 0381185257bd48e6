import type { IconName } from '@tiefen/ui'
import { root, type Schema } from '../../../app/api'

export const KIND_ICON: Record<Schema<'CodeKind'>, IconName> = {
  employee: 'user', dealer: 'store', package: 'tag', exhibition: 'location', ad: 'notification', platform: 'link', content: 'article', referral: 'share', poster: 'image',
}
export const CODE_KINDS = Object.keys(KIND_ICON) as Schema<'CodeKind'>[]

/** Where the printable QR picture of a code is. */
export function imageOf(id: number): string {
  return `${root}/api/console/channel-codes/${id}/image`
}
export const PLATFORMS: Schema<'LinkPlatform'>[] = ['weibo', 'taobao', 'baidu', 'qq', 'toutiao', 'xiaohongshu', 'douyin', 'sms', 'own']
export const TARGETS: Schema<'LinkTarget'>[] = ['shop', 'product', 'follow']
/** Pages of the mini program that a code may open, by the name their text has. */
export const MINI_PAGES: Record<string, Schema<'MiniPage'>> = {
  home: 'pages/home/index', category: 'pages/category/index', list: 'pages/list/index', coupons: 'mine/coupons/index', referral: 'mine/referral/index',
}
export const FORMS: Schema<'CodeForm'>[] = ['qr', 'mini', 'link', 'bottle']
