// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'

const BUDGET_KB = 80

it('is small enough for a phone on a bad line', () => {
  const dist = new URL('../dist/', import.meta.url)
  const files = ['index.html', ...readdirSync(new URL('assets/', dist)).map((file) => `assets/${file}`)]
  const kb = files.reduce((sum, file) => sum + gzipSync(readFileSync(fileURLToPath(new URL(file, dist)))).length, 0) / 1024
  console.log(`staff phone: ${kb.toFixed(1)} KB gz of ${BUDGET_KB}`)
  expect(kb).toBeLessThan(BUDGET_KB)
})
