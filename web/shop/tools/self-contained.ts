import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import type { Plugin } from 'vite'

const require = createRequire(import.meta.url)

/** The kit's icon font as a data address: a mini program's style sheet can load no file of its own. */
function iconFont(): string {
  const kit = dirname(require.resolve('wot-design-uni/package.json'))
  const file = join(kit, 'components/wd-icon/wd-icons.ttf')
  if (!existsSync(file)) throw new Error(`the kit's icon font has moved: ${file}`)
  return `data:font/ttf;base64,${readFileSync(file).toString('base64')}`
}

/**
 * Keeps other people's hosts out of what is shipped. The kit and the framework point at pictures and fonts on
 * their makers' servers; a fan's phone must talk to the merchant only.
 * Also lets the phone's own light or dark setting choose the tokens (the console's `data-theme` switch has no place
 * here), and turns `:root` into `page` in the mini program, whose style sheets know no document root.
 */
export function selfContained(): Plugin {
  const weapp = process.env.UNI_PLATFORM === 'mp-weixin'
  return {
    name: 'tiefen-self-contained',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'asset' || !/\.(css|wxss)$/.test(file.fileName)) continue
        let css = file.source.toString()
        css = css.replace(/url\(["']?https:\/\/cdn\.dcloud\.net\.cn[^)]*\)/g, 'none')
        css = css.replace(/@font-face\s*\{[^}]*at\.alicdn\.com[^}]*\}/g, () =>
          weapp ? `@font-face{font-family:wd-icons;src:url("${iconFont()}") format("truetype")}` : '',
        )
        css = css.replace(/:root\[data-theme=['"]?dark['"]?\]\s*(\{[^}]*\})/g, '@media (prefers-color-scheme:dark){:root$1}')
        if (weapp) css = css.replace(/:root\b/g, 'page')
        file.source = css
      }
    },
  }
}
