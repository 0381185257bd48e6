/** Texts of messages, cut into what can be tapped and what cannot. Nothing is ever rendered as markup. */
export interface Piece {
  text: string
  url?: string
  mini?: string
}

const ANCHOR = /<a\s([^>]*)>([\s\S]*?)<\/a>/gi
const ADDRESS = /https?:\/\/[^\s<>"'，。；！？、（）【】《》]+/g

function attribute(tag: string, name: string): string {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(tag)
  return (found?.[1] ?? found?.[2] ?? '').replace(/&amp;/g, '&')
}

function plain(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const found of text.matchAll(ADDRESS)) {
    if (found.index > from) pieces.push({ text: text.slice(from, found.index) })
    pieces.push({ text: found[0], url: found[0] })
    from = found.index + found[0].length
  }
  if (from < text.length) pieces.push({ text: text.slice(from) })
  return pieces
}

/** An account's text may hold anchors to pages and mini programs; bare addresses can be tapped too. */
export function pieces(text: string): Piece[] {
  const made: Piece[] = []
  let from = 0
  for (const found of text.matchAll(ANCHOR)) {
    made.push(...plain(text.slice(from, found.index)))
    const tag = found[1] ?? ''
    const url = attribute(tag, 'href')
    const words = (found[2] ?? '').replace(/<[^>]*>/g, '')
    if (attribute(tag, 'data-miniprogram-appid')) made.push({ text: words, mini: attribute(tag, 'data-miniprogram-path') })
    else if (/^https?:\/\//.test(url)) made.push({ text: words, url })
    else made.push({ text: words })
    from = found.index + found[0].length
  }
  return [...made, ...plain(text.slice(from))]
}

/** JSON is indented, XML broken at its elements; anything else stays as it is. */
export function pretty(body: string): string {
  const text = body.trim()
  if (/^[[{]/.test(text)) {
    try {
      return JSON.stringify(JSON.parse(text), null, 2)
    } catch {
      return text
    }
  }
  if (!text.startsWith('<') || text.includes('\n')) return text
  let depth = 0
  return text
    .replace(/(?<!\]\])>(?=<(?!!\[CDATA))/g, '>\n')
    .split('\n')
    .map((row) => {
      if (row.startsWith('</')) depth -= 1
      const shown = '  '.repeat(Math.max(0, depth)) + row
      if (/^<[^/!?]/.test(row) && !row.endsWith('/>') && !row.includes('</')) depth += 1
      return shown
    })
    .join('\n')
}

/** Path and query of an address, without the host everyone knows. */
export function pathOf(url: string): string {
  try {
    const { pathname, search } = new URL(url)
    return pathname + search
  } catch {
    return url
  }
}

const SECRETS = /([?&])(access_token|signature|timestamp|nonce|msg_signature|encrypt_type|lang)=[^&]*/g

/** The part of an address that tells one call from another: what every call carries is left out. */
export function briefPath(url: string): string {
  return pathOf(url).replace(SECRETS, '$1').replace(/&{2,}/g, '&').replace(/\?&/, '?').replace(/[?&]+$/, '')
}

/** What a push is about: its event, or the kind of its message. */
export function gist(decoded: string | null): string {
  if (!decoded) return ''
  const event = /<Event>(?:<!\[CDATA\[)?(\w+)|"(?:Event|event_type)":\s*"([\w.]+)"/.exec(decoded)
  const kind = event ?? /<MsgType>(?:<!\[CDATA\[)?(\w+)|"MsgType":\s*"(\w+)"/.exec(decoded)
  return kind?.[1] ?? kind?.[2] ?? ''
}

/** A colour for an account: always the same for the same id, dark enough for white letters. */
export function colourOf(id: string): string {
  let sum = 0
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 360
  return `hsl(${sum} 42% 38%)`
}
