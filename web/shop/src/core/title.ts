import { onShow } from '@dcloudio/uni-app'
import { watch } from 'vue'
import { dressTabs, t, type Key } from '@/i18n'
import { dressBadge } from './cart'
import { seen } from './hits'

/** The page's name in WeChat's title bar, in the reader's language; a name that depends on data follows it. Being shown is also what counts as a visit. */
export function useTitle(key: Key | (() => string)): void {
  const name = () => (typeof key === 'function' ? key() : t(key))
  const put = () => uni.setNavigationBarTitle({ title: name(), fail: () => undefined })
  onShow(put)
  onShow(seen)
  watch(name, put)
}

/** A page of the tab bar: the bar can be dressed only while one of its pages is shown. */
export function useTab(key: Key): void {
  useTitle(key)
  onShow(() => {
    dressTabs()
    dressBadge()
  })
}
