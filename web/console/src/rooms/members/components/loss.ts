import { ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'

/** Below cost in the worst case: whoever may approve that is asked why; '' when they would rather not. */
export function useLoss(): (told: string) => Promise<string> {
  const { t } = useI18n()
  const why = t('members.levels.lossWhy')
  return (told) =>
    ElMessageBox.prompt(told, t('members.levels.loss'), { inputPattern: /\S/, inputErrorMessage: why, inputPlaceholder: why, confirmButtonText: t('members.levels.save'), cancelButtonText: t('action.cancel') }).then(
      (answer) => (answer as { value: string }).value.trim(),
      () => '',
    )
}
