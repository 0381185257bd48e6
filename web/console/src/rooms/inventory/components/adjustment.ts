/** Reasons a person may give; sales and returns are booked by orders. */
export type Reason = 'received' | 'lost' | 'counted'

/** The signed change to send: goods in add, losses take, a count gives the difference to what the books say. */
export function signedChange(reason: Reason, entered: number, onHand: number): number {
  if (reason === 'received') return entered
  return reason === 'lost' ? -entered : entered - onHand
}
