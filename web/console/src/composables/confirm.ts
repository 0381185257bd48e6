import { ElMessageBox } from 'element-plus'
import { useI18n } from 'vue-i18n'

/** Asks before something that cannot be undone by a click; says what will follow. Resolves false when declined. */
export function useConfirm(): (title: string, consequence: string, go: string) => Promise<boolean> {
  const { t } = useI18n()
  return async (title, consequence, go) => {
    try {
      await ElMessageBox.confirm(consequence, title, { confirmButtonText: go, cancelButtonText: t('action.cancel'), confirmButtonClass: 'el-button--danger', autofocus: false })
      return true
    } catch {
      return false
    }
  }
}
