import { ElMessageBox } from 'element-plus'
import { computed, onBeforeUnmount, onMounted, ref, toValue, type ComputedRef, type MaybeRefOrGetter, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { onBeforeRouteLeave } from 'vue-router'

/** Asks before unsaved work is left, inside the console and when the tab closes. */
export function useLeaveGuard(dirty: Readonly<Ref<boolean>>): void {
  const { t } = useI18n()
  const warn = (event: BeforeUnloadEvent): void => { if (dirty.value) event.preventDefault() }
  onMounted(() => addEventListener('beforeunload', warn))
  onBeforeUnmount(() => removeEventListener('beforeunload', warn))
  onBeforeRouteLeave(async () => {
    if (!dirty.value) return true
    try {
      // The browser's back changes the hash before it asks us: the question must stay open.
      await ElMessageBox.confirm(t('leave.detail'), t('leave.title'), { confirmButtonText: t('leave.go'), cancelButtonText: t('leave.stay'), type: 'warning', closeOnHashChange: false })
      return true
    } catch {
      return false
    }
  })
}

/** A form beside what is saved of it: whether they differ (then leaving is asked about), and `keep` once they are the same again. */
export function useDraft(form: MaybeRefOrGetter<unknown>): { dirty: ComputedRef<boolean>; keep: () => void } {
  const text = (): string => JSON.stringify(toValue(form))
  const saved = ref(text())
  const dirty = computed(() => text() !== saved.value)
  useLeaveGuard(dirty)
  return { dirty, keep: () => { saved.value = text() } }
}
