import { useI18n } from 'vue-i18n'

const RULED = /^(\w+):(.*):(\d+)$/

/** Why a fan wears a tag, in words: what a rule noted is made of a deed, its object and how often. */
export function useTagReason(): (author: string, reason: string) => string {
  const { t } = useI18n()
  return (author, reason) => {
    const ruled = author === 'rule' ? RULED.exec(reason) : null
    return ruled ? t('fans.label.byDeed', { times: ruled[3] ?? '' }) : reason
  }
}
