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
