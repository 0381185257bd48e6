import { date, dateTime, dateTimeSeconds, relative, yuan, type Locale } from '@tiefen/format'
import { useNow } from './now'
import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'

export interface Writing {
  locale: ComputedRef<Locale>
  date: (at: string | null | undefined) => string
  dateTime: (at: string | null | undefined) => string
  seconds: (at: string | null | undefined) => string
  ago: (at: string | null | undefined) => string
  yuan: (fen: number) => string
}

/** Dates and amounts as this merchant and this reader expect them. Nothing is written for what never happened. */
export function useWriting(): Writing {
  const { locale } = useI18n()
  const now = useNow()
  const language = computed<Locale>(() => (locale.value === 'en' ? 'en' : 'zh'))
  return {
    locale: language,
    date: (at) => (at ? date(at) : '—'),
    dateTime: (at) => (at ? dateTime(at) : '—'),
    seconds: (at) => (at ? dateTimeSeconds(at) : '—'),
    ago: (at) => (at ? relative(at, now.value, language.value) : '—'),
    yuan,
  }
}
