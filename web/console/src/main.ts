import '@tiefen/ui/tokens.css'
import './styles/base.css'
import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/el-message.css'
import 'element-plus/theme-chalk/el-message-box.css'
import 'element-plus/theme-chalk/el-overlay.css'
import './styles/element.css'
import { createApp } from 'vue'
import App from './App.vue'
import { i18n, markDocument } from './app/i18n'
import { queryOptions, queryPlugin } from './app/query'
import { router } from './app/router'

markDocument()
createApp(App).use(i18n).use(queryPlugin, queryOptions).use(router).mount('#app')
