const CHINA_MS = 8 * 3600 * 1000 // the merchant's clock has no summer time

/** The merchant's day of a moment, as YYYY-MM-DD. */
export function dayOf(at: Date): string {
  return new Date(at.getTime() + CHINA_MS).toISOString().slice(0, 10)
}

/** The first day of the merchant's month of a moment. */
export function monthOf(at: Date): string {
  return `${dayOf(at).slice(0, 7)}-01`
}
