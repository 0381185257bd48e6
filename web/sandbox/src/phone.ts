/** One phone in a fan's hand: what it shows, and what the fan does with it. */
import { computed, reactive, type InjectionKey } from 'vue'
import { get, post, query, shopUrl } from './api'
import { words } from './deed'
import { t } from './i18n'
import { hear } from './live'
import type { Chat, Deed, Fan, Listed, Message, Notice, PayParams, Push, Thread } from './types'
import { accounts, readAccounts } from './world'

export type Screen =
  | { name: 'chats' }
  | { name: 'thread'; app: string }
  | { name: 'card'; app: string; ticket?: string }
  | { name: 'scan' }
  | { name: 'tray' }
  | { name: 'who' }

/** A payment asked for: by the shop's page, which waits for `done`, or by a scanned code. */
export interface Asked {
  prepayId: string
  params: PayParams | null
  done: (errMsg: string) => void
}

const SETTLE_MS = 120
const TOAST_MS = 3200
const BANNER_MS = 5000

export function createPhone(fanId: number | null) {
  const state = reactive({
    fan: null as Fan | null,
    stack: [{ name: fanId === null ? 'who' : 'chats' }] as Screen[],
    chats: null as Chat[] | null,
    thread: null as (Thread & { app: string }) | null,
    notices: [] as Notice[],
    seen: -1,
    banner: null as Notice | null,
    page: null as { url: string; mini: boolean; outside?: boolean } | null,
    asked: null as Asked | null,
    toast: '',
    problem: '',
  })
  const screen = computed(() => state.stack[state.stack.length - 1]!)
  const unseen = computed(() => state.notices.filter((one) => one.seq > state.seen).length)
  const stops: (() => void)[] = []
  let settling = 0
  let toasting = 0
  let bannering = 0

  function say(text: string): void {
    state.toast = text
    clearTimeout(toasting)
    toasting = window.setTimeout(() => (state.toast = ''), TOAST_MS)
  }

  const mine = (rest: string) => `/fans/${state.fan?.id}${rest}`

  async function choose(id: number): Promise<void> {
    state.problem = ''
    try {
      const fan = await get<Fan>(`/fans/${id}`)
      Object.assign(state, { fan, chats: null, thread: null, notices: [], seen: -1, banner: null, page: null, asked: null })
      state.stack = [{ name: 'chats' }]
      await Promise.all([readChats(), readNotices(), readAccounts()])
    } catch (thrown) {
      state.problem = words(thrown)
      state.stack = [{ name: 'who' }]
    }
  }

  async function readChats(): Promise<void> {
    if (!state.fan) return
    const asked = state.fan.id
    const [fan, chats] = await Promise.all([get<Fan>(mine('')), get<Listed<Chat>>(mine('/chats'))])
    if (state.fan?.id !== asked) return
    state.fan = fan
    state.chats = chats.items
  }

  async function readThread(app: string): Promise<void> {
    const asked = state.fan?.id
    const known = state.thread?.app === app ? state.thread.items : []
    const found = await get<Thread>(mine(`/chats/${app}`) + query({ after: known[known.length - 1]?.seq }))
    if (state.fan?.id !== asked || !isOpen(app)) return
    const last = known[known.length - 1]?.seq ?? -1
    const fresh: Message[] = found.items.filter((one) => one.seq > last)
    state.thread = { ...found, app, items: [...known, ...fresh] }
  }

  const isOpen = (app: string) => screen.value.name === 'thread' && 'app' in screen.value && screen.value.app === app

  async function readNotices(): Promise<void> {
    if (!state.fan) return
    const asked = state.fan.id
    const { items } = await get<Listed<Notice>>(mine('/notifications'))
    if (state.fan?.id !== asked) return
    const newest = items[0]?.seq ?? 0
    const before = state.notices[0]?.seq ?? 0
    state.notices = items
    if (state.seen < 0) state.seen = newest
    else if (newest > before && items[0] && screen.value.name !== 'tray') ring(items[0])
    if (screen.value.name === 'tray') state.seen = newest
  }

  function ring(notice: Notice): void {
    state.banner = notice
    clearTimeout(bannering)
    bannering = window.setTimeout(() => (state.banner = null), BANNER_MS)
  }

  /** Something happened to this fan: read it anew, once for a burst of news. */
  function refresh(): void {
    clearTimeout(settling)
    settling = window.setTimeout(() => {
      const shown = screen.value
      const reads = [readChats(), readNotices(), ...(shown.name === 'thread' ? [readThread(shown.app)] : [])]
      void Promise.all(reads).catch((thrown: unknown) => say(words(thrown)))
    }, SETTLE_MS)
  }

  function go(next: Screen): void {
    state.page = null
    if (next.name === screen.value.name && next.name !== 'thread') return
    state.stack.push(next)
    if (next.name !== 'tray') return
    state.seen = state.notices[0]?.seq ?? 0
    state.banner = null
  }

  function back(): void {
    if (state.stack.length > 1) state.stack.pop()
    else state.stack = [{ name: 'chats' }]
    refresh()
  }

  /** From anywhere to an account's conversation; back leads to the list. */
  function openThread(app: string): void {
    state.page = null
    state.thread = null
    state.stack = [{ name: 'chats' }, { name: 'thread', app }]
    void readThread(app).catch((thrown: unknown) => say(words(thrown)))
  }

  /** What the fan does, sent to the sandbox; a push that the merchant's server did not take is said. */
  async function act(path: string, body: object): Promise<Deed | null> {
    try {
      const done = await post<Deed>(mine(path), body)
      if (done.push) sayPush(done.push)
      refresh()
      return done
    } catch (thrown) {
      say(words(thrown))
      return null
    }
  }

  function sayPush(push: Push): void {
    const last = push.attempts[push.attempts.length - 1]
    if (push.outcome === 'failed') say(t('push.failed', { why: last?.error || last?.status || '' }))
    else if (push.outcome === 'unset') say(t('push.unset'))
    else if (push.outcome === 'held' || push.outcome === 'dropped') say(t(`push.${push.outcome}`))
  }

  function openUrl(url: string): void {
    state.banner = null
    state.page = { url, mini: false }
  }

  /** The phone's own browser, which is not WeChat. */
  function openOutside(url: string): void {
    state.page = { url, mini: false, outside: true }
  }

  /** The shop's H5 build stands in for the mini program: the same pages at the same paths. */
  function openMini(page?: string): void {
    state.banner = null
    state.page = { url: `${shopUrl.value}#/${(page ?? '').replace(/^\//, '')}`, mini: true }
  }

  function openNotice(notice: Notice): void {
    state.banner = null
    if (notice.url) openUrl(notice.url)
    else go({ name: 'tray' })
  }

  async function scan(asked: { ticket: string } | { text: string }): Promise<void> {
    const found = await act('/scan', { ...asked, then_follow: false })
    if (!found) return
    if (found.kind === 'profile') state.stack.splice(-1, 1, { name: 'card', app: found.app_id ?? '', ticket: found.ticket ?? '' })
    else if (found.kind === 'scan') openThread(found.app_id ?? '')
    else if (found.kind === 'pay') askPay({ prepayId: found.prepay_id ?? '', params: null, done: () => undefined })
    else if (found.kind === 'mini') openMini(found.page)
    else if (found.kind === 'url') openUrl(found.url ?? '')
    else say(t('scan.text', { text: found.text ?? '' }))
  }

  async function follow(app: string, ticket?: string): Promise<void> {
    if (await act('/follow', ticket ? { app_id: app, ticket } : { app_id: app })) openThread(app)
  }

  async function unfollow(app: string): Promise<void> {
    if (await act('/unfollow', { app_id: app })) state.stack = [{ name: 'chats' }]
  }

  async function tapMenu(app: string, path: number[]): Promise<void> {
    const tapped = await act('/menu', { app_id: app, path })
    if (tapped?.kind === 'view' && tapped.url) openUrl(tapped.url)
    else if (tapped?.kind === 'mini') openMini(tapped.page)
  }

  function askPay(asked: Asked): void {
    if (state.asked) asked.done('get_brand_wcpay_request:fail')
    else state.asked = asked
  }

  function donePaying(errMsg: string): void {
    state.asked?.done(errMsg)
    state.asked = null
    refresh()
  }

  const isMine = (data: { fan?: number }) => data.fan === state.fan?.id
  stops.push(
    hear<{ fan: number }>('message', (data) => isMine(data) && refresh()),
    hear<{ fan: number }>('charge', (data) => isMine(data) && refresh()),
    hear('refund', refresh),
    hear('back', () => {
      if (state.fan) refresh()
      else if (fanId !== null) void choose(fanId)
    }),
  )

  function leave(): void {
    for (const stop of stops) stop()
    for (const timer of [settling, toasting, bannering]) clearTimeout(timer)
  }

  const others = computed(() => accounts.value.filter((one) => one.kind !== 'pay' && !state.chats?.some((chat) => chat.app_id === one.app_id)))
  return reactive({
    state, screen, unseen, others, choose, readThread, go, back, openThread, act, openUrl, openOutside, openMini, openNotice, scan, follow,
    unfollow, tapMenu, askPay, donePaying, say, leave,
  })
}

export type Phone = ReturnType<typeof createPhone>
export const PHONE: InjectionKey<Phone> = Symbol('phone')
