import { refusal } from './errors'
import { forget, renew, token } from './session'
import { exchange, type Ask, type Method } from './wire'

/** Whether a call is for a known fan only, or for anybody. */
export type Who = 'fan' | 'anyone'

/**
 * One call to the server. Signs the fan in when the call needs it, and once again when the session has ended
 * meanwhile; throws `ApiError` for everything that is not an answer.
 */
export async function send<T>(method: Method, template: string, ask: Ask = {}, who: Who = 'fan'): Promise<T> {
  if (who === 'fan' && !token()) await renew()
  let reply = await exchange(method, template, ask, token())
  if (reply.status === 401 && token()) {
    forget()
    if (who === 'fan') await renew()
    reply = await exchange(method, template, ask, token())
  }
  if (reply.status >= 200 && reply.status < 300) return reply.body as T
  throw refusal(reply.status, reply.body)
}
