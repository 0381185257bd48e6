import { useI18n } from 'vue-i18n'

export type ActorKind = 'staff' | 'fan' | 'system' | 'pay'

/** Who did something, from the books' "kind:id"; whatever is neither staff, fan nor the payment provider is the system. */
export function actorOf(actor: string): { kind: ActorKind; id: string } {
  const [kind = '', id = ''] = actor.split(':')
  if (kind === 'staff' || kind === 'fan') return { kind, id }
  return { kind: kind === 'payment' || kind === 'payments' || kind === 'wechat' ? 'pay' : 'system', id }
}

/** The same, in the reader's words. */
export function useActor(): (actor: string) => string {
  const { t } = useI18n()
  return (actor) => {
    const { kind, id } = actorOf(actor)
    return t(`actor.${kind}`, { id })
  }
}
