import type { Tone } from '@tiefen/ui'
import type { Schema } from '../../../app/api'

export const PAYMENT_TONE: Record<Schema<'PaymentState'>, Tone> = { open: 'warning', closing: 'warning', paid: 'success', closed: 'neutral' }
export const REFUND_TONE: Record<Schema<'RefundState'>, Tone> = { reserved: 'info', unknown: 'warning', processing: 'info', success: 'success', closed: 'neutral', abnormal: 'danger' }
export const BREAK_KINDS: readonly Schema<'BreakKind'>[] = ['ours_only', 'theirs_only', 'amount', 'state', 'fee', 'balance']
export const SUSPENSE_TONE: Record<Schema<'SuspenseState'>, Tone> = { open: 'warning', refunding: 'info', refunded: 'success', kept: 'neutral' }
export const COUNTER_TONE: Record<Schema<'CounterState'>, Tone> = { waiting: 'warning', paid: 'success', refunded: 'info', closed: 'neutral' }
export const MOVE_TONE: Record<Schema<'MoveState'>, Tone> = { waiting: 'warning', approved: 'success', refused: 'danger', withdrawn: 'neutral' }
/** Accounts money may be moved between by hand; the server knows the same ones. */
export const ADJUSTABLE = ['wechat:clearing', 'revenue:goods', 'revenue:other', 'expense:payment_fee', 'expense:write_off'] as const
