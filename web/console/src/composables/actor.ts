import { useI18n } from 'vue-i18n'

export type ActorKind = 'staff' | 'key' | 'fan' | 'system' | 'pay'

/** Who did something, from the books' "kind:id"; whatever is neither staff, fan nor the payment provider is the system. */
export function actorOf(actor: string): { kind: ActorKind; id: string } {
  const [kind = '', id = ''] = actor.split(':')
  if (kind === 'staff' && id === '0') return { kind: 'key', id }
  if (kind === 'staff' || kind === 'fan') return { kind, id }
  return { kind: kind === 'payment' || kind === 'payments' || kind === 'wechat' ? 'pay' : 'system', id }
}

/** The same, in the reader's words: a member of staff by name, where the server still knows it. */
export function useActor(): (actor: string, name?: string) => string {
  const { t } = useI18n()
  return (actor, name) => {
    if (name) return name
    const { kind, id } = actorOf(actor)
    return t(`actor.${kind}`, { id })
  }
}
