import { describe, expect, it } from 'vitest'
import type { Schema } from '../../../app/api'
import { packable, parcelOf, TRACKING } from './parcel'

const line = (id: number, left: number): Schema<'ConsoleLineOut'> => ({ id, left_to_ship: left } as Schema<'ConsoleLineOut'>)

describe('a parcel', () => {
  it('offers only what is left, all of it', () => {
    expect(packable([line(1, 2), line(2, 0)]).map(({ line: one, quantity }) => [one.id, quantity])).toEqual([[1, 2]])
  })

  it('holds only packed lines and is nothing when empty', () => {
    const packed = [{ line: line(1, 2), quantity: 1 }, { line: line(2, 1), quantity: 0 }]
    expect(parcelOf(' 顺丰 ', ' SF1 ', packed)).toEqual({ courier: '顺丰', tracking_no: 'SF1', lines: [{ line_id: 1, quantity: 1 }] })
    expect(parcelOf('a', 'b', [{ line: line(1, 1), quantity: 0 }])).toBeNull()
  })

  it.each([['SF1234567', true], ['abc', false], ['单号123', false], ['a'.repeat(41), false]])('reads tracking number %s', (text, good) => {
    expect(TRACKING.test(text)).toBe(good)
  })
})
