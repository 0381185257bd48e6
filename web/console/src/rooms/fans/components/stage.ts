import type { IconName, Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

type Stage = Schema<'Stage'>
type Happening = Schema<'LineOut'>['kind']

export const STAGE_TONE: Record<Stage, Tone> = { visitor: 'neutral', follower: 'info', customer: 'info', user: 'warning', fan: 'success', core: 'success', lost: 'danger' }
export const STAGES = Object.keys(STAGE_TONE) as Stage[]
export const RFM_GROUPS: readonly Schema<'RfmGroup'>[] = ['champion', 'grow', 'keep', 'win_back', 'loyal', 'new', 'fading', 'gone']

export const LINE_LOOK: Record<Happening, { icon: IconName; tone: Tone }> = {
  joined: { icon: 'user', tone: 'info' }, followed: { icon: 'add', tone: 'success' }, unfollowed: { icon: 'minus', tone: 'danger' }, scanned: { icon: 'qrcode', tone: 'info' },
  sourced: { icon: 'channel', tone: 'info' }, message_in: { icon: 'chat', tone: 'neutral' }, message_out: { icon: 'reply', tone: 'neutral' }, menu: { icon: 'menu', tone: 'neutral' },
  order_placed: { icon: 'cart', tone: 'neutral' }, order_paid: { icon: 'money', tone: 'success' }, order_shipped: { icon: 'ship', tone: 'info' }, order_received: { icon: 'check', tone: 'success' },
  order_closed: { icon: 'close', tone: 'neutral' }, order_refunded: { icon: 'refund', tone: 'warning' }, after_sale: { icon: 'service', tone: 'warning' }, stage: { icon: 'star', tone: 'success' },
  profile: { icon: 'edit', tone: 'neutral' }, merged: { icon: 'link', tone: 'neutral' }, parted: { icon: 'link', tone: 'warning' }, contact: { icon: 'chat', tone: 'neutral' }, erased: { icon: 'user', tone: 'neutral' },
  past_purchase: { icon: 'order', tone: 'neutral' }, visited: { icon: 'search', tone: 'neutral' }, attribute: { icon: 'edit', tone: 'neutral' }, tagged: { icon: 'add', tone: 'neutral' }, untagged: { icon: 'minus', tone: 'neutral' }, owned: { icon: 'user', tone: 'info' }, friend: { icon: 'fans', tone: 'success' }, level: { icon: 'star', tone: 'info' }, followed_up: { icon: 'check', tone: 'info' },
}

/** The timeline's filters: what a person means by them. */
export const KINDS: Record<'orders' | 'chat' | 'life', Happening[]> = {
  orders: ['order_placed', 'order_paid', 'order_shipped', 'order_received', 'order_closed', 'order_refunded', 'after_sale', 'past_purchase'],
  chat: ['message_in', 'message_out', 'menu', 'scanned', 'visited'],
  life: ['joined', 'followed', 'unfollowed', 'sourced', 'stage', 'profile', 'attribute', 'tagged', 'untagged', 'owned', 'merged', 'parted', 'contact', 'erased', 'friend', 'level', 'followed_up'],
}
