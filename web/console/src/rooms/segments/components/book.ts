import { computed, inject, provide, reactive, type InjectionKey } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, unwrap, type Schema } from '../../../app/api'
import { may } from '../../../app/session'
import { useLoad } from '../../../composables/load'
import { regionOptions } from './regions'
import type { Field } from './rule'

interface Choice { value: string; label: string }
export interface Option { value: string | number; label: string }
export interface Book {
  ready: boolean
  /** whether places of fans are kept: without it nobody is near anything */
  placed: boolean
  error: Error | null
  retry: () => void
  sections: { title: string; choices: Choice[] }[]
  field: (name: string) => Field
  label: (name: string) => string
  options: (field: Field) => Option[]
  subjects: (fact: string) => Option[]
}

const KEY: InjectionKey<Book> = Symbol('rule book')
const PERSON = ['stage', 'following', 'ever_followed', 'joined_at', 'last_seen_at', 'stage_at', 'level_id', 'has_phone', 'region_code', 'distance']
const TRADE = ['orders', 'received_orders', 'returned_orders', 'paid_fen', 'refunded_fen', 'last_paid_at', 'interactions', 'friends']
const RFM = ['rfm_r', 'rfm_f', 'rfm_m', 'rfm_group', 'past_orders', 'past_fen', 'past_last_at']
const SOURCE = ['source_code_id', 'source_kind', 'source_owner_id', 'owner_staff_id']
const SAID = ['tag', 'segment']
const DEEDS = ['bought', 'past_bought', 'received', 'refunded', 'placed', 'after_sale', 'visited', 'asked', 'wrote', 'menu', 'scanned', 'followed', 'unfollowed']
const UNKNOWN: Field = { field: '', type: 'text', ops: [], label: '', kind: null, options: [] }

/** Everything a rule can be made of, with names for people; loaded once for an editor and its rows. */
export function provideBook(): Book {
  const { t } = useI18n()
  const book = useLoad(['segments', 'book'], () => unwrap(api.GET('/api/console/segments/rule-book')))
  const tags = useLoad(['tags'], () => unwrap(api.GET('/api/console/tags')))
  const lists = useLoad(['segments', 'list', false], () => unwrap(api.GET('/api/console/segments')))
  const codes = useLoad(['segments', 'codes'], () => unwrap(api.GET('/api/console/channel-codes', { params: { query: { limit: 100 } } })), { enabled: may('channels.read') })
  const staff = useLoad(['segments', 'staff'], () => unwrap(api.GET('/api/console/staff', { params: { query: { limit: 100 } } })), { enabled: may('team.read') })
  const goods = useLoad(['segments', 'goods'], () => unwrap(api.GET('/api/console/products', { params: { query: { limit: 100 } } })), { enabled: may('goods.read') })
  const levels = useLoad(['levels', 'names'], () => unwrap(api.GET('/api/console/level-names')))

  const places = useLoad(['places'], () => unwrap(api.GET('/api/console/places')))
  const regions = useLoad(['regions'], () => unwrap(api.GET('/api/shop/regions')))
  const areas = computed(() => regionOptions(regions.data ?? []))

  const field = (name: string): Field => book.data?.fields.find((one) => one.field === name) ?? { ...UNKNOWN, field: name }
  const label = (name: string): string => (name.startsWith('attribute:') ? field(name).label || name : t(`segments.fields.${name}`))
  const choices = (names: readonly string[]): Choice[] => names.map((value) => ({ value, label: label(value) }))

  function options(of: Field): Option[] {
    if (of.field === 'tag') return (tags.data?.tags ?? []).map((one) => ({ value: one.id, label: one.name }))
    if (of.field === 'segment') return (lists.data ?? []).map((one) => ({ value: one.id, label: one.name }))
    if (of.field === 'source_code_id') return (codes.data?.items ?? []).map((one) => ({ value: one.id, label: one.name }))
    if (of.field === 'source_owner_id' || of.field === 'owner_staff_id') return (staff.data?.items ?? []).map((one: Schema<'StaffOut'>) => ({ value: one.id, label: one.name }))
    if (of.field === 'level_id') return (levels.data ?? []).map((one) => ({ value: one.id, label: one.name }))
    if (of.field === 'distance') return (places.data?.points ?? []).map((one) => ({ value: one.id, label: one.name }))
    if (of.field === 'region_code') return areas.value
    if (of.field === 'stage') return of.options.map((value) => ({ value, label: t(`segments.stages.${value}`) }))
    if (of.field === 'rfm_group') return of.options.map((value) => ({ value, label: t(`segments.rfmGroups.${value}`) }))
    return of.options.map((value) => ({ value, label: of.field === 'source_kind' ? t(`segments.codeKinds.${value}`) : value }))
  }
  function subjects(fact: string): Option[] {
    const known = (book.data?.deeds.find((one) => one.fact === fact)?.subjects ?? []).map((one) => ({ value: one.subject, label: one.name || one.subject }))
    if (fact === 'past_bought') return known.map((one) => ({ ...one, label: one.value.startsWith('category:') ? t('segments.pastCategory', { name: one.label }) : one.label }))
    if (!['bought', 'received', 'refunded', 'visited'].includes(fact)) return known
    const products = (goods.data?.items ?? []).map((one) => ({ value: String(one.id), label: one.name }))
    const named = new Set(products.map((one) => one.value))
    return [...products, ...known.filter((one) => !named.has(one.value))]
  }
  const sections = computed(() => [
    { title: t('segments.section.deeds'), choices: DEEDS.map((fact) => ({ value: `did:${fact}`, label: t(`segments.deeds.${fact}`) })) },
    { title: t('segments.section.person'), choices: choices(PERSON) },
    { title: t('segments.section.trade'), choices: choices(TRADE) },
    { title: t('segments.section.rfm'), choices: choices(RFM) },
    { title: t('segments.section.source'), choices: choices(SOURCE) },
    { title: t('segments.section.said'), choices: [...choices(SAID), ...(book.data?.fields ?? []).filter((one) => one.field.startsWith('attribute:')).map((one) => ({ value: one.field, label: one.label }))] },
  ])
  const made = reactive({ ready: computed(() => book.data !== undefined), placed: computed(() => places.data?.kept !== false), error: computed(() => book.error), retry: () => void book.refetch(), sections, field, label, options, subjects }) as unknown as Book
  provide(KEY, made)
  return made
}

export function useBook(): Book {
  return inject(KEY)!
}
