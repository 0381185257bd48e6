import { useQueryClient } from '@tanstack/vue-query'
import { ElMessage } from 'element-plus'
import { computed, reactive, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../app/api'

export interface ActOptions<R> {
  /** Said when it worked; nothing is said without it. */
  done?: string | ((result: R) => string)
  /** Cache keys that are no longer true afterwards. */
  stale?: readonly (readonly unknown[])[]
  after?: (result: R) => unknown
}

export interface Act<A extends unknown[]> {
  /** Resolves true when it worked. Never throws: the failure is shown and kept in `error`. A second call while busy is ignored. */
  run: (...args: A) => Promise<boolean>
  busy: boolean
  error: ApiError | null
  /** The server's word on one field, by its name in the request body. */
  fields: Record<string, string>
  clear: () => void
}

/** One thing a person does: sends it, says how it went, refreshes what it changed. */
export function useAct<A extends unknown[], R>(send: (...args: A) => Promise<R>, options: ActOptions<R> = {}): Act<A> {
  const client = useQueryClient()
  const { t } = useI18n()
  const busy = ref(false)
  const error = shallowRef<ApiError | null>(null)

  async function run(...args: A): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    error.value = null
    try {
      const result = await send(...args)
      await Promise.all((options.stale ?? []).map((queryKey) => client.invalidateQueries({ queryKey })))
      const said = typeof options.done === 'function' ? options.done(result) : options.done
      if (said) ElMessage.success(said)
      await options.after?.(result)
      return true
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown
      error.value = thrown
      ElMessage.error({ message: explain(thrown), duration: 6000, showClose: true, grouping: true })
      return false
    } finally {
      busy.value = false
    }
  }

  function explain(failure: ApiError): string {
    const said = failure.message && failure.status > 0 ? failure.message : t(failure.status === 0 ? 'error.network' : 'error.broken')
    return failure.status >= 500 && failure.id ? `${said} (${t('error.id')} ${failure.id})` : said
  }

  const fields = computed(() => Object.fromEntries((error.value?.fields ?? []).map(({ field, message }) => [field, message])))
  return reactive({ run, busy, error, fields, clear: () => { error.value = null } }) as Act<A>
}
