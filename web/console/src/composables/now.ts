import { shallowRef, type ShallowRef } from 'vue'

const now = shallowRef(new Date())
let ticking: ReturnType<typeof setInterval> | undefined

/** The present to half a minute, one clock for the whole page, so that "3 minutes ago" stays true. */
export function useNow(): Readonly<ShallowRef<Date>> {
  ticking ??= setInterval(() => { now.value = new Date() }, 30_000)
  return now
}
