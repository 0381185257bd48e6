import { createApp } from 'vue'
import App from './App.vue'
import { wear } from './i18n'
import './styles.css'
import './theme'

wear()
createApp(App).mount('#app')
