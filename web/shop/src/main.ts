import '@/core/arrive'
import { createSSRApp } from 'vue'
import 'virtual:uno.css'
import App from './App.vue'

// The framework calls this by name on both targets.
export function createApp() {
  return { app: createSSRApp(App) }
}
