import { describe, expect, it } from 'vitest'
import en from '@/i18n/en'
import later from '@/i18n/later.zh'
import first from '@/i18n/zh'

const zh = { ...first, ...later }

const names = (sentence: string) => [...sentence.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()

describe('the two languages', () => {
  it('say the same things with the same blanks', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(zh).sort())
    for (const [key, sentence] of Object.entries(zh)) expect([key, names(en[key as keyof typeof zh])]).toEqual([key, names(sentence)])
  })

  it('leave no Chinese in the English book but the name of the language', () => {
    const left = Object.entries(en).filter(([, sentence]) => /[\u4e00-\u9fff]/.test(sentence.replace('语言', '')))
    expect(left).toEqual([])
  })
})
