import type { Plugin } from 'vite'

/**
 * Takes out of the framework what the shop never uses and the bundler cannot see to be unused: its advertising
 * (which names a foreign host) and the contexts of canvas, map, video and editor. A part that has moved is an error,
 * so that an update of the framework cannot bring it back unseen.
 */
const CUTS: [what: string, from: RegExp, to: string][] = [
  ['advertising', /^__publicField\(_Ad(Config|Report), /gm, '/* @__PURE__ */ __publicField(_Ad$1, '],
  ['contexts', /canvas: CanvasContext,\s*map: MapContext,\s*video: VideoContext,\s*editor: EditorContext/, ''],
]

export function leanKit(): Plugin {
  return {
    name: 'tiefen-lean-kit',
    enforce: 'pre',
    apply: 'build',
    transform(code, id) {
      if (!/uni-h5\/dist\/uni-h5\.es\.js/.test(id)) return null
      return CUTS.reduce((left, [what, from, to]) => {
        if (left.search(from) < 0) throw new Error(`the framework's ${what} have moved: look at tools/lean-kit.ts`)
        return left.replace(from, to)
      }, code)
    },
  }
}
