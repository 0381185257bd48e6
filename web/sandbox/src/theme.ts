import { ref } from 'vue'

export type Theme = 'auto' | 'light' | 'dark'
const STORED = 'tiefen.sandbox.theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const kept = localStorage.getItem(STORED)

export const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto')
export const isDark = ref(false)

function dress(): void {
  isDark.value = theme.value === 'dark' || (theme.value === 'auto' && dark.matches)
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light'
}

export function toggleTheme(): void {
  theme.value = isDark.value ? 'light' : 'dark'
  localStorage.setItem(STORED, theme.value)
  dress()
}

dark.addEventListener('change', dress)
dress()
