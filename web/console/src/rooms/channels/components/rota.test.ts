import { describe, expect, it } from 'vitest'
import { asForm, asIn, clock, minutes, newMember } from './rota'

describe('a rotation as a form', () => {
  it('keeps days and times both ways', () => {
    const member = { ...newMember(7), days: [5, 1], from: '08:30', to: '23:59', most: 20, contact: ' 138 ' }
    const sent = asIn({ rotation: 'duty', members: [member] })
    expect(sent.members[0]).toEqual({
      staff_id: 7, weight: 1, most_a_day: 20, contact: '138',
      shifts: [{ weekday: 1, start: 510, end: 1440 }, { weekday: 5, start: 510, end: 1440 }],
    })
    const shifts = [{ weekday: 1, start: 510, end: 1440 }, { weekday: 5, start: 510, end: 1440 }]
    const told = { staff_id: 7, weight: 1, most_a_day: 20, contact: '138', shifts, name: '', department: '', employed: true, listed: true, resting: false, given: 0, today: 0 }
    const again = asForm({ rotation: 'duty', active: true, turns: 0, members: [told] })
    expect(again.members[0]).toEqual({ ...member, days: [1, 5], contact: '138' })
  })
  it('reads times', () => {
    expect([minutes('09:05'), clock(545), clock(1440)]).toEqual([545, '09:05', '23:59'])
  })
})
