import '@/core/arrive'
import { createSSRApp } from 'vue'
import 'virtual:uno.css'
import App from './App.vue'
// #ifdef H5
import PageLost from '@/components/PageLost.vue'
// #endif

// The framework calls this by name on both targets.
export function createApp() {
  const app = createSSRApp(App)
  // #ifdef H5
  app.component('PageLost', PageLost) // named in manifest.json
  // #endif
  return { app }
}
