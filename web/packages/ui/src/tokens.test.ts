import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const [light = '', dark = ''] = readFileSync('tokens.css', 'utf8').split(":root[data-theme='dark']")
const colours = (css: string): Record<string, string> =>
  Object.fromEntries([...css.matchAll(/--tf-([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]))
const themes = { light: colours(light), dark: { ...colours(light), ...colours(dark) } }

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (lighter! + 0.05) / (darker! + 0.05)
}

const WORDS: [ink: string, papers: string[]][] = [
  ['text', ['bg', 'surface', 'sunken', 'hover']],
  ['text-2', ['bg', 'surface', 'sunken', 'hover', 'neutral-soft']],
  ['text-3', ['bg', 'surface', 'sunken', 'hover', 'neutral-soft']],
  ['brand-text', ['surface', 'bg', 'brand-soft']],
  ['on-brand', ['brand-solid', 'brand-solid-hover']],
  ['price', ['surface', 'bg']],
  ...['info', 'success', 'warning', 'danger', 'neutral'].map((tone): [string, string[]] => [tone, [`${tone}-soft`, 'surface']]),
]

describe.each(Object.entries(themes))('%s theme', (_, colour) => {
  it.each(WORDS.flatMap(([ink, papers]) => papers.map((paper) => [ink, paper])))('%s is readable on %s', (ink, paper) => {
    expect(contrast(colour[ink!]!, colour[paper!]!)).toBeGreaterThanOrEqual(4.5)
  })

  it('draws controls that can be seen', () => {
    expect(contrast(colour['control-line']!, colour.surface!)).toBeGreaterThanOrEqual(3)
    expect(contrast(colour['brand-solid']!, colour.surface!)).toBeGreaterThanOrEqual(3)
  })
})
