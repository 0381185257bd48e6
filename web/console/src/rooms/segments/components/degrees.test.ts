import { describe, expect, it } from 'vitest'
import { degrees, pair } from './degrees'

describe('degrees', () => {
  it('are numbers on earth', () => {
    expect(degrees(' 31.2304 ', 90)).toBe(31.2304)
    expect(degrees('-90', 90)).toBe(-90)
    for (const wrong of ['', '91', 'NaN', '1e1', '31.', '３１', '--1', '31,2']) expect(degrees(wrong, 90)).toBeNull()
  })

  it('are taken from a pair as maps copy it', () => {
    expect(pair('31.2304,121.4737')).toEqual(['31.2304', '121.4737'])
    expect(pair('121.4737， 31.2304')).toEqual(['31.2304', '121.4737'])
    for (const wrong of ['31.2', '31.2,x', '200,300', '1,2,3', '']) expect(pair(wrong)).toBeNull()
  })
})
