// What the shop uses of the kit, so that its props are checked here; importing the kit's own types would check its
// sources by our stricter rules.
import type { DefineComponent } from 'vue'

declare module 'vue' {
  interface GlobalComponents {
    WdPopup: DefineComponent<{
      modelValue: boolean
      position?: 'center' | 'top' | 'right' | 'bottom' | 'left'
      safeAreaInsetBottom?: boolean
      zIndex?: number
      customStyle?: string
    }>
    WdSwipeAction: DefineComponent<{ disabled?: boolean; customClass?: string }>
  }
}
export {}
