import type { Schema } from '../../../app/api'

export const WAYS: Schema<'Rotation'>[] = ['equal', 'weight', 'duty']
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const

/** One employee of a rotation as the form holds them: the days they are there, from when to when. */
export interface MemberForm {
  staff: number
  weight: number
  most: number | null
  contact: string
  days: number[]
  from: string
  to: string
}
export interface RotaForm {
  rotation: Schema<'Rotation'>
  members: MemberForm[]
}

export function newMember(staff: number): MemberForm {
  return { staff, weight: 1, most: null, contact: '', days: [], from: '09:00', to: '18:00' }
}

export function minutes(time: string): number {
  const [hours = 0, rest = 0] = time.split(':').map(Number)
  return hours * 60 + rest
}

/** Minutes of the day as a time field shows them; the end of the day as its last minute. */
export function clock(minute: number): string {
  const at = Math.min(minute, 1439)
  return `${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}`
}

export function asForm(live: Schema<'LiveOut'>): RotaForm {
  return {
    rotation: live.rotation,
    members: live.members.filter((one) => one.listed && one.employed).map((one) => {
      const first = one.shifts[0]
      return {
        staff: one.staff_id, weight: one.weight, most: one.most_a_day, contact: one.contact, days: one.shifts.map((shift) => shift.weekday),
        from: first ? clock(first.start) : '09:00', to: first ? clock(first.end) : '18:00',
      }
    }),
  }
}

export function asIn(form: RotaForm): Schema<'LiveIn'> {
  return {
    rotation: form.rotation,
    active: true,
    members: form.members.map((one) => ({
      staff_id: one.staff, weight: one.weight, most_a_day: one.most, contact: one.contact.trim(),
      shifts: [...one.days].sort().map((weekday) => ({ weekday, start: minutes(one.from), end: one.to === '23:59' ? 1440 : minutes(one.to) })),
    })),
  }
}
