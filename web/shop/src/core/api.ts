import type { paths } from '@tiefen/client'
import { refusal } from './errors'
import { forget, renew, token } from './session'
import { exchange, type Ask } from './wire'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
/** The server's description of one call. */
type Call<P extends keyof paths, M extends Method> = NonNullable<paths[P][M]>
/** Addresses that know a method; any other is a mistake the compiler finds. */
export type PathOf<M extends Method> = { [P in keyof paths]: [Call<P, M>] extends [never] ? never : P }[keyof paths]

type Json<R> = R extends { content: { 'application/json': infer T } } ? T : never
type Answer<C> = C extends { responses: infer R } ? { [Code in keyof R & (200 | 201)]: Json<R[Code]> }[keyof R & (200 | 201)] : never
type Part<C, Name extends 'path' | 'query'> = C extends { parameters: { [K in Name]?: infer T } } ? NonNullable<T> : never
type Body<C> = C extends { requestBody: { content: { 'application/json': infer T } } } ? T : never
/** `{ name: T }` where the call takes one, nothing where it takes none. */
type Given<Name extends string, T> = [T] extends [never] ? unknown : { [K in Name]: T }

export type Question<C> = Given<'path', Part<C, 'path'>> & Given<'body', Body<C>> & { query?: Part<C, 'query'>; key?: string }

/** Whether a call is for a known fan only, or for anybody. */
export type Who = 'fan' | 'anyone'

/**
 * One call to the server, typed by its own description. Signs the fan in when the call needs it, and once again when
 * the session has ended meanwhile; throws `ApiError` for everything that is not an answer.
 */
export async function send<M extends Method, P extends PathOf<M>>(method: M, path: P, question: Question<Call<P, M>>, who: Who = 'fan'): Promise<Answer<Call<P, M>>> {
  const verb = method.toUpperCase() as Uppercase<M>
  const ask = question as Ask
  if (who === 'fan' && !token()) await renew()
  let reply = await exchange(verb, path, ask, token())
  if (reply.status === 401 && token()) {
    forget()
    if (who === 'fan') await renew()
    reply = await exchange(verb, path, ask, token())
  }
  if (reply.status >= 200 && reply.status < 300) return reply.body as Answer<Call<P, M>>
  throw refusal(reply.status, reply.body)
}
