import { ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
const STORED = 'tiefen.phone.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

export const theme = ref<Theme>((localStorage.getItem(STORED) as Theme | null) ?? 'auto')

function dress(): void {
  const on = theme.value === 'dark' || (theme.value === 'auto' && dark.matches)
  document.documentElement.dataset.theme = on ? 'dark' : 'light'
}

export function setTheme(next: Theme): void {
  theme.value = next
  localStorage.setItem(STORED, next)
  dress()
}

dark.addEventListener('change', dress)
dress()
