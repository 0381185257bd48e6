// Writes src/icons.ts: the few pictures the faces use, out of the TDesign icon set, as inline paths (nothing is fetched at run time).
// Usage: pnpm --filter @tiefen/ui run icons
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** our name → its name in the set */
const WANTED = {
  add: 'add', 'arrow-left': 'arrow-left', 'arrow-right': 'arrow-right', 'arrow-up': 'arrow-up', 'arrow-down': 'arrow-down',
  article: 'article', book: 'book', calendar: 'calendar', camera: 'camera', cart: 'cart', channel: 'fork', chart: 'chart-bar', chat: 'chat',
  check: 'check', 'check-circle': 'check-circle', 'chevron-down': 'chevron-down', 'chevron-left': 'chevron-left',
  'chevron-right': 'chevron-right', 'chevron-up': 'chevron-up', close: 'close', 'close-circle': 'close-circle', cloud: 'cloud',
  code: 'code', copy: 'copy', delete: 'delete', download: 'download', edit: 'edit', ellipsis: 'ellipsis', empty: 'folder-open',
  error: 'error-circle', eye: 'browse', 'eye-off': 'browse-off', fans: 'usergroup', filter: 'filter', gift: 'gift', goods: 'shop',
  help: 'help-circle', home: 'home', image: 'image', info: 'info-circle', key: 'key', link: 'link', location: 'location',
  lock: 'lock-on', logout: 'logout', mail: 'mail', menu: 'view-list', minus: 'minus', money: 'wallet', moon: 'moon', more: 'more',
  move: 'move', notification: 'notification', order: 'file-paste', overview: 'dashboard', pause: 'pause-circle', pending: 'time',
  phone: 'mobile', play: 'play-circle', print: 'print', product: 'app', qrcode: 'qrcode', refresh: 'refresh', refund: 'rollback',
  reply: 'chat-message', role: 'user-safety', scan: 'scan', search: 'search', send: 'send', service: 'service', settings: 'setting', share: 'share',
  ship: 'undertake-delivery', shop: 'shop-2', sort: 'arrow-up-down-1', star: 'star', stock: 'layers', store: 'store', sun: 'sunny', swap: 'swap',
  tag: 'discount', task: 'task', team: 'usercase', translate: 'translate', upload: 'upload', user: 'user', warning: 'error-triangle', wechat: 'logo-wechat-stroke',
  wifi: 'wifi', zoom: 'zoom-in',
}

const set = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('@iconify-json/tdesign/icons.json'), 'utf8'))
const missing = Object.entries(WANTED).filter(([, name]) => !set.icons[name] && !set.aliases?.[name])
if (missing.length) throw new Error('not in the set: ' + missing.map(([, name]) => name).join(' '))
const lines = Object.entries(WANTED).map(([ours, name]) => {
  const body = (set.icons[name] ?? set.icons[set.aliases[name].parent]).body
  return `  '${ours}': '${body.replaceAll("'", "\\'")}',`
})
writeFileSync(
  new URL('../src/icons.ts', import.meta.url),
  `// Written by scripts/icons.mjs from the TDesign icon set (MIT). Do not edit.\nexport const icons = {\n${lines.join('\n')}\n} as const\n\nexport type IconName = keyof typeof icons\n`,
)
