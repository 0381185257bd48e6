import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { rooms } from '../rooms'
import shell from '../shell/messages'
import type { Messages, RoomMessages } from './i18n'

async function everything(): Promise<RoomMessages> {
  const all: RoomMessages = { zh: { ...shell.zh }, en: { ...shell.en } }
  for (const room of rooms) {
    const { default: messages } = await room.messages()
    all.zh[room.id] = messages.zh
    all.en[room.id] = messages.en
  }
  return all
}

function leaves(messages: Messages, path = ''): Map<string, string> {
  return new Map(Object.entries(messages).flatMap(([key, value]) =>
    typeof value === 'string' ? [[path + key, value] as [string, string]] : [...leaves(value, `${path}${key}.`)]))
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) && !/(\.test\.ts|messages\.ts|rooms\/[a-z]+\/index\.ts|i18n\.ts)$/.test(path) ? [path] : []
  })
}

const files = sources('src').map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort()

describe('texts', () => {
  it('are the same in both languages, with the same placeholders', async () => {
    const { zh, en } = await everything()
    const [chinese, english] = [leaves(zh), leaves(en)]
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
    for (const [key, text] of chinese) expect(placeholders(english.get(key)!), key).toEqual(placeholders(text))
  })

  it('are well formed', async () => {
    // These characters mean plurals and links to the translator; a text that needs one takes it as an argument.
    const { zh, en } = await everything()
    const special = [...leaves(zh), ...leaves(en)].filter(([, text]) => /[|@]/.test(text))
    expect(special).toEqual([])
  })

  it('exist for every key the pages name', async () => {
    const known = leaves((await everything()).zh)
    const missing = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bt\(\s*'([\w.]+)'/g), ...text.matchAll(/\? '([a-z]+\.[\w.]+)' : '[a-z]+\.[\w.]+'/g)].filter((match) => !known.has(match[1]!)).map((match) => `${path}: ${match[1]}`))
    expect(missing).toEqual([])
  })

  it('exist under every prefix the pages build keys from', async () => {
    const known = [...leaves((await everything()).zh).keys()]
    const missing = files.flatMap(({ path, text }) =>
      [...text.matchAll(/\bt\(`([\w.]+)\$\{/g)].filter((match) => !known.some((key) => key.startsWith(match[1]!))).map((match) => `${path}: ${match[1]}`))
    expect(missing).toEqual([])
  })

  it('are nowhere written into a page', () => {
    const data = new Set(['src/rooms/orders/components/ShipDialog.vue', 'src/rooms/orders/routes/ShipTable.vue', 'src/shell/TopBar.vue', 'src/shell/SignIn.vue'])
    const written = files.filter(({ path }) => !data.has(path)).flatMap(({ path, text }) =>
      text.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|\/\/.*/g, '').split('\n').filter((line) => /[\u4e00-\u9fff]/.test(line)).map((line) => `${path}: ${line.trim().slice(0, 80)}`))
    expect(written).toEqual([])
  })

  it('are all used', async () => {
    const text = files.map((file) => file.text).join('\n')
    const prefixes = [...text.matchAll(/`([a-zA-Z]+(?:\.\w+)*\.)\$\{/g)].map((match) => match[1]!)
    const unused = [...leaves((await everything()).zh).keys()].filter((key) => !text.includes(`'${key}'`) && !prefixes.some((prefix) => key.startsWith(prefix)))
    expect(unused).toEqual([])
  })
})
