import { createApp } from 'vue'
import App from './App.vue'
import { wear } from './i18n'
import './styles.css'
import './theme'

// Without its English the page still speaks Chinese.
void wear().finally(() => createApp(App).mount('#app'))
