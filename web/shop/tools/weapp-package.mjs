// The mini program as WeChat would take it: compiles with the official compilers, every page and component is there,
// the main package is within its budget, and no style sheet loads from a host.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'

const require = createRequire(import.meta.url)
const MAIN_KB = 1024

export function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(path) : [path]
  })
}

/** The folder of the official compilers for this system, or null where WeChat publishes none. */
function compilers() {
  const home = join(dirname(require.resolve('miniprogram-compiler/package.json')), 'bin')
  const folder = { linux: 'linux', darwin: 'mac', win32: 'windows' }[process.platform]
  return folder && process.arch !== 'arm64' ? join(home, folder) : process.platform === 'darwin' ? join(home, 'mac') : null
}

function compile(root, tool, flags, files) {
  const end = process.platform === 'win32' ? '.exe' : ''
  const binary = join(compilers(), tool + end)
  chmodSync(binary, 0o755)
  try {
    execFileSync(binary, [...flags, ...files.map((file) => `./${file}`)], { cwd: root, maxBuffer: 1e9, stdio: ['ignore', 'pipe', 'pipe'] })
    return []
  } catch (failure) {
    return [`${tool}: ${String(failure.stderr).slice(0, 600)}`]
  }
}

function missingParts(root, files, pages) {
  const there = (file) => existsSync(join(root, file))
  const missing = pages.flatMap((page) => ['.js', '.json', '.wxml'].map((end) => page + end)).filter((file) => !there(file))
  for (const file of files.filter((each) => each.endsWith('.json'))) {
    const used = JSON.parse(readFileSync(join(root, file), 'utf8')).usingComponents ?? {}
    for (const [tag, path] of Object.entries(used)) {
      const at = path.startsWith('/') ? path.slice(1) : join(dirname(file), path)
      if (!there(`${at}.json`)) missing.push(`${file} uses ${tag}: ${path}`)
    }
  }
  return missing.map((each) => `missing: ${each}`)
}

/** @returns {{problems: string[], facts: string}} */
export function checkPackage(root) {
  const files = filesUnder(root).map((file) => relative(root, file))
  const app = JSON.parse(readFileSync(join(root, 'app.json'), 'utf8'))
  const subs = app.subPackages ?? app.subpackages ?? []
  const pages = [...app.pages, ...subs.flatMap((sub) => sub.pages.map((page) => `${sub.root.replace(/\/$/, '')}/${page}`))]
  const templates = files.filter((file) => /\.(wxml|wxs)$/.test(file))
  const styles = files.filter((file) => file.endsWith('.wxss'))
  const problems = missingParts(root, files, pages)
  if (compilers()) problems.push(...compile(root, 'wcc', ['-d'], templates), ...compile(root, 'wcsc', ['-lc'], styles))
  for (const file of styles)
    if (/url\(["']?(https?:)?\/\//.test(readFileSync(join(root, file), 'utf8'))) problems.push(`${file} loads from a host`)
  const inSub = (file) => subs.some((sub) => file.startsWith(`${sub.root.replace(/\/$/, '')}/`))
  const size = (list) => list.reduce((sum, file) => sum + statSync(join(root, file)).size, 0) / 1024
  const main = size(files.filter((file) => !inSub(file)))
  if (main > MAIN_KB) problems.push(`main package ${main.toFixed(0)} KB, budget ${MAIN_KB} KB`)
  const compiled = compilers() ? `${templates.length} templates and ${styles.length} style sheets compiled` : 'not compiled: no official compiler for this machine'
  return { problems, facts: `mini program: ${pages.length} pages, ${compiled}, main package ${main.toFixed(0)} KB of ${MAIN_KB}, whole ${size(files).toFixed(0)} KB` }
}
