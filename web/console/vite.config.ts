import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import Components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

// Relative base: the same files are served at /console/ and at /m/<slug>/console/.
export default defineConfig({
  base: './',
  plugins: [
    vue(),
    Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
  ],
  define: { __VUE_OPTIONS_API__: true, __VUE_I18N_LEGACY_API__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  build: { target: 'es2022', chunkSizeWarningLimit: 700, reportCompressedSize: false },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.TIEFEN_SERVER ?? 'http://127.0.0.1:8000', '/files': process.env.TIEFEN_SERVER ?? 'http://127.0.0.1:8000' },
  },
  test: { environment: 'happy-dom', server: { deps: { inline: ['element-plus'] } } },
})
