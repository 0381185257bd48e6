import type { IconName } from '@tiefen/ui'
import { computed, ref, watch, type ComputedRef, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, unwrap } from '../app/api'
import { may } from '../app/session'
import { say, type Words } from '../app/words'
import { useLoad } from '../composables/load'
import { useWriting } from '../composables/words'
import { actions, navigation } from '../rooms'

export interface PaletteItem {
  to: string
  title: string
  note?: string
  icon: IconName
}

export interface PaletteGroup {
  key: 'pages' | 'actions' | 'fans' | 'orders' | 'goods'
  items: PaletteItem[]
}

/** True when every word typed occurs in the title, in either language. */
export function matches(title: Words, text: string): boolean {
  const hay = `${title.zh} ${title.en}`.toLowerCase()
  return text.toLowerCase().split(/\s+/).every((word) => hay.includes(word))
}

const REST_MS = 180
const EACH = 5

/** What the palette offers for the text typed so far. Only what the role may open is searched. */
export function usePalette(text: Ref<string>, open: Ref<boolean>): { groups: ComputedRef<PaletteGroup[]>; busy: ComputedRef<boolean> } {
  const { t } = useI18n()
  const write = useWriting()
  const settled = ref('')
  let rest: ReturnType<typeof setTimeout> | undefined
  watch(text, (typed) => {
    clearTimeout(rest)
    rest = setTimeout(() => { settled.value = typed.trim() }, REST_MS)
  })

  const enabled = (permission: Parameters<typeof may>[0]): ComputedRef<boolean> => computed(() => open.value && settled.value.length > 0 && may(permission))
  const fans = useLoad(() => ['palette', 'fans', settled.value], () => unwrap(api.GET('/api/console/fans', { params: { query: { query: settled.value, limit: EACH } } })), { enabled: enabled('fans.read') })
  const orders = useLoad(() => ['palette', 'orders', settled.value], () => unwrap(api.GET('/api/console/orders', { params: { query: { q: settled.value, limit: EACH } } })), { enabled: enabled('orders.read') })
  const goods = useLoad(() => ['palette', 'goods', settled.value], () => unwrap(api.GET('/api/console/products', { params: { query: { q: settled.value, limit: EACH } } })), { enabled: enabled('goods.read') })

  const groups = computed<PaletteGroup[]>(() => {
    const typed = text.value.trim()
    const here = <T extends { title: Words; permission?: Parameters<typeof may>[0] }>(list: readonly T[]): T[] => list.filter((one) => may(one.permission) && matches(one.title, typed))
    const found = typed !== '' && typed === settled.value
    return [
      { key: 'orders' as const, items: !found ? [] : (orders.data?.items ?? []).map((one) => ({ to: `/orders/${one.order_no}`, title: one.order_no, note: `${t(`orderStatus.${one.status}`)} · ${write.yuan(one.total_fen)}`, icon: 'order' as const })) },
      { key: 'fans' as const, items: !found ? [] : (fans.data?.items ?? []).map((one) => ({ to: `/fans/${one.id}`, title: one.name, note: one.source?.name ?? '', icon: 'user' as const })) },
      { key: 'goods' as const, items: !found ? [] : (goods.data?.items ?? []).map((one) => ({ to: `/goods/${one.id}`, title: one.name, note: write.yuan(one.price_min_fen), icon: 'goods' as const })) },
      { key: 'pages' as const, items: here(navigation.flat()).map((one) => ({ to: one.to, title: say(one.title, write.locale.value), icon: one.icon })) },
      { key: 'actions' as const, items: here(actions).map((one) => ({ to: one.to, title: say(one.title, write.locale.value), icon: 'arrow-right' as const })) },
    ].filter((group) => group.items.length > 0)
  })
  const busy = computed(() => text.value.trim() !== '' && (text.value.trim() !== settled.value || [fans, orders, goods].some((one) => one.isFetching)))
  return { groups, busy }
}
