import { onShow } from '@dcloudio/uni-app'
import { watch } from 'vue'
import { lang, t, type Key } from '@/i18n'

/** The page's name in WeChat's title bar, in the reader's language. */
export function useTitle(key: Key | (() => string)): void {
  const put = () => uni.setNavigationBarTitle({ title: typeof key === 'function' ? key() : t(key), fail: () => undefined })
  onShow(put)
  watch(lang, put)
}
