import { frame, server } from '@/platform'
import { token } from './session'
import { exchange } from './wire'

/** What the merchant counts: which page was looked at, about what. Never a query string, never a word typed. */
export interface Hit {
  kind: 'view'
  page: string
  target: string
}

const STORED = `tiefen.visitor:${server}:${frame}`
const WAIT_MS = 2_000
const AT_ONCE = 50
/** Page → the query that says what it is about, and what that is. */
const ABOUT: Record<string, [query: string, what: string]> = {
  '/pages/product/index': ['id', 'product'],
  '/pages/list/index': ['category_id', 'category'],
}

let waiting: Hit[] = []
let timer: ReturnType<typeof setTimeout> | null = null

/** Called when a page is shown. Counting holds nothing up and fails in silence. */
export function seen(): void {
  const pages = getCurrentPages()
  const shown = pages[pages.length - 1]
  if (!shown?.route) return
  waiting.push(hitOf(`/${shown.route}`, (shown as { options?: Record<string, string> }).options ?? {}))
  timer ??= setTimeout(send, WAIT_MS)
}

export function hitOf(page: string, options: Record<string, string | undefined>): Hit {
  const [query, what] = ABOUT[page] ?? ['', '']
  const id = options[query] ?? ''
  return { kind: 'view', page, target: /^\d{1,18}$/.test(id) ? `${what}:${id}` : '' }
}

function send(): void {
  timer = null
  const hits = waiting.splice(0, AT_ONCE)
  exchange('POST', '/api/shop/hits', { body: { visitor: visitor(), hits } }, token()).catch(() => undefined)
  if (waiting.length) timer = setTimeout(send, WAIT_MS)
}

/** A chance name this phone keeps for itself, so that a visitor who is nobody yet counts once. */
function visitor(): string {
  const kept = uni.getStorageSync(STORED) as string
  if (kept) return kept
  let made = ''
  while (made.length < 20) made += Math.random().toString(36).slice(2)
  made = made.slice(0, 20)
  uni.setStorageSync(STORED, made)
  return made
}
