import { ref, type Ref } from 'vue'

/** How long to wait between looks; the money's own way takes a second or two. */
const PAUSES_MS = [600, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 8000]

export interface Looks {
  /** True once every pause is over and nothing came. */
  spent: Ref<boolean>
  start: () => void
  stop: () => void
}

/** Looks at once, then again after growing pauses while `waits` says so, a finite number of times. */
export function useLooks(look: () => Promise<void>, waits: () => boolean): Looks {
  const spent = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  async function go(mine: number, at: number): Promise<void> {
    await look()
    if (mine !== turn || !waits()) return
    const pause = PAUSES_MS[at]
    if (pause === undefined) spent.value = true
    else timer = setTimeout(() => void go(mine, at + 1), pause)
  }

  function stop(): void {
    turn += 1
    clearTimeout(timer)
  }

  function start(): void {
    stop()
    spent.value = false
    void go(turn, 0)
  }

  return { spent, start, stop }
}
