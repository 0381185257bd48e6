/** A number of degrees as typed, or null for what is none on earth. */
export function degrees(text: string, most: number): number | null {
  const found = /^\s*-?\d{1,3}(\.\d{1,12})?\s*$/.test(text) ? Number(text) : NaN
  return Math.abs(found) <= most ? found : null
}

/** Latitude and longitude pasted as one text, in either order where only one can be meant. */
export function pair(text: string): [latitude: string, longitude: string] | null {
  const parts = text.split(/[,，\s]+/).filter(Boolean)
  const [one, other] = parts
  if (parts.length !== 2 || one === undefined || other === undefined) return null
  if (degrees(one, 90) !== null && degrees(other, 180) !== null) return [one, other]
  return degrees(other, 90) !== null && degrees(one, 180) !== null ? [other, one] : null
}
