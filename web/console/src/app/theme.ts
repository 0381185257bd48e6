import { ref } from 'vue'

export type Theme = 'light' | 'dark'

const KEY = 'tiefen.theme'
export const theme = ref<Theme>(document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light')

export function setTheme(next: Theme): void {
  localStorage.setItem(KEY, next)
  document.documentElement.dataset.theme = next
  theme.value = next
}
