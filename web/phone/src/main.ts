import './wechat' // before the router reads the address: WeChat's answer is taken out of it
import { createApp } from 'vue'
import App from './App.vue'
import { ADDRESSES } from './pages'
import './styles.css'
import './theme'

createApp(App).provide('addresses', ADDRESSES).mount('#app')
