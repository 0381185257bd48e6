import uniPlugin from '@dcloudio/vite-plugin-uni'
import { defineConfig, type PluginOption } from 'vite'
import { firstVisit } from './tools/first-visit'
import { leanKit } from './tools/lean-kit'
import { selfContained } from './tools/self-contained'

// The plugin is CommonJS: under "type": "module" its function sits one level deeper.
const uni = (uniPlugin as unknown as { default?: typeof uniPlugin }).default ?? uniPlugin

export default defineConfig(async () => {
  const { default: UnoCSS } = await import('unocss/vite')
  return {
    base: './',
    plugins: [leanKit(), UnoCSS() as PluginOption, uni() as PluginOption, selfContained(), firstVisit()],
    build: {
      target: 'es2018',
      assetsInlineLimit: 0,
      // A browser that cannot preload modules fetches them a moment later; no need to teach it.
      modulePreload: { polyfill: false },
    },
  }
})
