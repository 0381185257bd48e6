// What a phone downloads before the shop's first page stands: the document, the scripts and styles it names, and
// what the loader fetches for the home page. Compressed as the server sends it.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const BUDGET_KB = 140

/** Files of the home page's chunk, as the entry script lists them for its loader. */
function homeFiles(entry) {
  const list = /viteFileDeps\s*=\s*\[([^\]]*)\]/.exec(entry) ?? /__vite__mapDeps[\s\S]{0,80}?\[([^\]]*)\]/.exec(entry)
  const names = (list?.[1] ?? '').split(',').map((name) => name.trim().replace(/^["']\.?\/?(assets\/)?|["']$/g, ''))
  const call = /import\(["']\.\/(pages-home-[^"']+)["']\)[\s\S]{0,40}?__vite__mapDeps\(\[([\d,\s]*)\]/.exec(entry)
  if (!call) return []
  return [call[1], ...call[2].split(',').filter(Boolean).map((index) => names[Number(index)])].filter(Boolean)
}

/** @returns {{problems: string[], facts: string, kb: number}} */
export function checkFirstLoad(root) {
  const assets = join(root, 'assets')
  const page = readFileSync(join(root, 'index.html'), 'utf8')
  const named = [...page.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, file]) => file)
  const entry = readFileSync(join(assets, named.find((file) => file.endsWith('.js'))), 'utf8')
  const home = homeFiles(entry)
  const problems = home.length ? [] : ['the home page has no chunk of its own: is every page in the first script?']
  const files = new Set([...named, ...home])
  const sizes = [join(root, 'index.html'), ...[...files].map((file) => join(assets, file))].map((file) => gzipSync(readFileSync(file), { level: 9 }).length)
  const pictures = readdirSync(join(root, 'static/tab')).map((file) => readFileSync(join(root, 'static/tab', file)).length)
  const kb = [...sizes, ...pictures].reduce((sum, size) => sum + size, 0) / 1024
  if (kb > BUDGET_KB) problems.push(`first load ${kb.toFixed(1)} KB gz, budget ${BUDGET_KB} KB`)
  return { problems, kb, facts: `shop in a browser: first load ${kb.toFixed(1)} KB gz of ${BUDGET_KB} (${files.size} scripts and styles, ${pictures.length} pictures)` }
}

// `node tools/first-load.mjs dist/build/h5` prints the figure for the benchmarks.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { kb, problems } = checkFirstLoad(process.argv[2] ?? 'dist/build/h5')
  console.log(JSON.stringify({ name: 'shop_first_load', median: Number(kb.toFixed(1)), unit: 'KB gz', limit: BUDGET_KB }))
  process.exitCode = problems.length ? 1 : 0
}
