import { ref } from 'vue'
import { SandboxError } from './api'
import { t } from './i18n'

/** What went wrong, in words. */
export function words(thrown: unknown): string {
  if (!(thrown instanceof SandboxError)) return t('error.page')
  return thrown.status === 0 ? t('error.unreachable') : thrown.message || t('error.status', { status: thrown.status })
}

/** One deed at a time; its refusal is kept to be shown where the deed was asked for. */
export function useDeed<A extends unknown[]>(act: (...given: A) => Promise<unknown>) {
  const busy = ref(false)
  const problem = ref('')

  async function run(...given: A): Promise<void> {
    if (busy.value) return
    busy.value = true
    problem.value = ''
    try {
      await act(...given)
    } catch (thrown) {
      problem.value = words(thrown)
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, run }
}
