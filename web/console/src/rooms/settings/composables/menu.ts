import type { Schema } from '../../../app/api'

export type ButtonType = 'click' | 'view' | 'miniprogram'

/** One entry as it is edited: every field present, those its type does not use are ignored when sent. */
export interface Entry {
  name: string
  type: ButtonType
  key: string
  url: string
  appid: string
  pagepath: string
}

export interface TopEntry extends Entry {
  subs: Entry[]
}

export const MAX_TOP = 3
export const MAX_SUB = 5

export function blank(): Entry {
  return { name: '', type: 'view', key: '', url: '', appid: '', pagepath: '' }
}

function entryOf(button: Schema<'ButtonOut'>): Entry {
  const type = button.type === 'click' || button.type === 'miniprogram' ? button.type : 'view'
  return { name: button.name, type, key: button.key ?? '', url: button.url ?? '', appid: button.appid ?? '', pagepath: button.pagepath ?? '' }
}

export function entriesOf(menu: Schema<'MenuOut'>): TopEntry[] {
  return menu.button.map((button) => ({ ...entryOf(button), subs: (button.sub_button ?? []).map(entryOf) }))
}

function action(entry: Entry): Schema<'ButtonIn'> {
  const name = entry.name.trim()
  if (entry.type === 'click') return { name, type: 'click', key: entry.key.trim() }
  if (entry.type === 'view') return { name, type: 'view', url: entry.url.trim() }
  return { name, type: 'miniprogram', url: entry.url.trim(), appid: entry.appid.trim(), pagepath: entry.pagepath.trim() }
}

/** The menu as the server takes it: an entry with others below has no action of its own. */
export function menuOf(entries: readonly TopEntry[]): Schema<'MenuIn'> {
  return {
    button: entries.map((entry) => (entry.subs.length > 0
      ? { name: entry.name.trim(), sub_button: entry.subs.map(action) }
      : { ...action(entry), sub_button: [] })),
  }
}

export type Wrong = Partial<Record<keyof Entry, 'settings.nameNeeded' | 'settings.fieldNeeded' | 'settings.urlBad'>>

/** What is missing in one entry; an entry with others below needs only its name. */
export function check(entry: Entry & { subs?: Entry[] }): Wrong {
  const wrong: Wrong = {}
  if (!entry.name.trim()) wrong.name = 'settings.nameNeeded'
  if (entry.subs && entry.subs.length > 0) return wrong
  if (entry.type === 'click' && !entry.key.trim()) wrong.key = 'settings.fieldNeeded'
  if (entry.type !== 'click' && !/^https?:\/\/\S+$/.test(entry.url.trim())) wrong.url = 'settings.urlBad'
  if (entry.type === 'miniprogram' && !entry.appid.trim()) wrong.appid = 'settings.fieldNeeded'
  if (entry.type === 'miniprogram' && !entry.pagepath.trim()) wrong.pagepath = 'settings.fieldNeeded'
  return wrong
}

export function sound(entries: readonly TopEntry[]): boolean {
  return entries.every((entry) => [entry, ...entry.subs].every((one) => Object.keys(check(one)).length === 0))
}
