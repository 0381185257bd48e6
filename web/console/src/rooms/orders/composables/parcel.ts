import type { Schema } from '../../../app/api'

type Line = Schema<'ConsoleLineOut'>

/** Lines of which something is still to be sent, with all of it packed by default. */
export function packable(lines: readonly Line[]): { line: Line; quantity: number }[] {
  return lines.filter((line) => line.left_to_ship > 0).map((line) => ({ line, quantity: line.left_to_ship }))
}

export const TRACKING = /^[A-Za-z0-9-]{4,40}$/

/** What to send: only packed lines; nothing packed is null. */
export function parcelOf(courier: string, tracking: string, packed: readonly { line: Line; quantity: number }[]): Schema<'ParcelIn'> | null {
  const lines = packed.filter(({ quantity }) => quantity > 0).map(({ line, quantity }) => ({ line_id: line.id, quantity }))
  return lines.length === 0 ? null : { courier: courier.trim(), tracking_no: tracking.trim(), lines }
}
