import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { api, unwrap } from '../../../app/api'
import { useLoad } from '../../../composables/load'

/** Names of places by their codes, and those a territory may be made of: provinces and cities. */
export function useRegions() {
  const { t } = useI18n()
  const tree = useLoad(['regions'], () => unwrap(api.GET('/api/shop/regions')))
  const names = computed(() => {
    const found = new Map<string, string>()
    for (const province of tree.data ?? []) {
      found.set(province.code, province.name)
      for (const city of province.children) {
        found.set(city.code, `${province.name} ${city.name}`)
        for (const district of city.children) found.set(district.code, `${province.name} ${city.name} ${district.name}`)
      }
    }
    return found
  })
  const choices = computed(() => (tree.data ?? []).flatMap((province) => [province.code, ...province.children.map((city) => city.code)]).map((code) => ({ code, name: names.value.get(code) ?? code })))
  const nameOf = (code: string): string => (code ? (names.value.get(code) ?? code) : t('bottles.nobodySaid'))
  return { nameOf, choices }
}
