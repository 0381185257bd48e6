import { beforeEach, expect, it } from 'vitest'
import { answerIn } from '../src/wechat'

const page = (search: string) => ({ search, pathname: '/m/demo/phone/', hash: '' }) as Location
beforeEach(() => sessionStorage.clear())

it('takes up what this page asked WeChat for, once, and puts the page back', () => {
  sessionStorage.setItem('tiefen.phone.wechat', 'bind')
  sessionStorage.setItem('tiefen.phone.place', '#/me')
  expect(answerIn(page('?code=c&state=s'), sessionStorage)).toEqual({ code: 'c', state: 's', purpose: 'bind' })
  expect(location.hash).toBe('#/me')
  expect(answerIn(page('?code=c&state=s'), sessionStorage)).toBeNull()
})

it('leaves an answer alone that nobody here asked for', () => {
  expect(answerIn(page('?code=c&state=s'), sessionStorage)).toBeNull()
  expect(answerIn(page(''), sessionStorage)).toBeNull()
})
