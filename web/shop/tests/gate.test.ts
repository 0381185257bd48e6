// @vitest-environment node
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkFirstLoad } from '../tools/first-load.mjs'
import { checkPackage } from '../tools/weapp-package.mjs'

const built = (target: string) => fileURLToPath(new URL(`../dist/build/${target}`, import.meta.url))

/** What `pnpm build` left, as it would be shipped. */
describe('what is shipped', () => {
  it('is a mini program WeChat would take', () => {
    const { problems, facts } = checkPackage(built('mp-weixin'))
    console.log(facts)
    expect(problems).toEqual([])
  })

  it('opens in a browser within its budget', () => {
    const { problems, facts } = checkFirstLoad(built('h5'))
    console.log(facts)
    expect(problems).toEqual([])
  })
})
