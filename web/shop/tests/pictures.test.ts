import { describe, expect, it, vi } from 'vitest'

vi.mock('@/platform', () => ({ server: 'https://shop.test/m/tea' }))

describe('addresses of pictures', () => {
  it.each([
    ['/files/tea/a.webp', 'https://shop.test/m/tea/files/tea/a.webp'],
    ['https://cdn.test/a.webp', 'https://cdn.test/a.webp'],
    ['//cdn.test/a.webp', '//cdn.test/a.webp'],
    ['', ''],
  ])('%s', async (url, made) => {
    const { whole } = await import('@/core/pictures')
    expect(whole(url)).toBe(made)
  })

  it('inside a description are made whole one by one', async () => {
    const { wholeInside } = await import('@/core/pictures')
    expect(wholeInside('<p><img alt="x" src="/files/a.webp"> /files/b <img src=\'https://c.test/d\'></p>')).toBe(
      '<p><img alt="x" src="https://shop.test/m/tea/files/a.webp"> /files/b <img src=\'https://c.test/d\'></p>',
    )
  })
})
