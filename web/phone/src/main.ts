import { createApp } from 'vue'
import App from './App.vue'
import './styles.css'
import './theme'

createApp(App).mount('#app')
