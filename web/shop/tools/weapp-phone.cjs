// A phone without a phone: runs the built mini program on WeChat's own component runtime inside jsdom, so that pages
// can be opened and tapped with no developer tools and no network. Faithful in templates, data, components and events;
// not in layout, native inputs or anything the system draws.
const { JSDOM } = require('jsdom')
const path = require('path')

const dom = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost/', pretendToBeVisual: true })
const borrowed = ['document', 'HTMLElement', 'Node', 'Event', 'CustomEvent', 'MutationObserver', 'getComputedStyle', 'navigator', 'Text', 'Element', 'DocumentFragment', 'Touch', 'TouchEvent']
Object.defineProperty(globalThis, 'window', { value: dom.window, configurable: true, writable: true })
for (const name of borrowed) Object.defineProperty(globalThis, name, { value: dom.window[name], configurable: true, writable: true })

const system = {
  platform: 'devtools', SDKVersion: '3.5.0', version: '8.0.50', language: 'zh_CN', system: 'iOS 17.0', brand: 'iPhone', model: 'iPhone 15',
  theme: 'light', fontSizeSetting: 16, pixelRatio: 3, statusBarHeight: 44, windowWidth: 390, windowHeight: 760, screenWidth: 390, screenHeight: 844,
  safeArea: { top: 44, left: 0, right: 390, bottom: 810, width: 390, height: 766 },
}
const box = { left: 0, top: 0, right: 100, bottom: 40, width: 100, height: 40 }

function selectorQuery() {
  const wanted = []
  const query = {
    in: () => query, select: () => query, selectAll: () => query, selectViewport: () => query, scrollOffset: () => query, fields: () => query, node: () => query,
    boundingClientRect: (tell) => (wanted.push(tell), query),
    exec: (done) => {
      wanted.forEach((tell) => tell && tell(box))
      done?.(wanted.map(() => box))
    },
  }
  return query
}

const storage = new Map()
const calls = []
/** What each `wx` function answers; a test puts its own here. */
const answers = {}
const wx = {
  getSystemInfoSync: () => system, getAppBaseInfo: () => system, getWindowInfo: () => system, getDeviceInfo: () => system,
  getSystemSetting: () => ({}), getAppAuthorizeSetting: () => ({}), canIUse: () => true,
  getLaunchOptionsSync: () => ({ path: '', query: {}, scene: 1001 }), getEnterOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
  getStorageSync: (key) => storage.get(key) ?? '', setStorageSync: (key, value) => storage.set(key, value), removeStorageSync: (key) => storage.delete(key),
  nextTick: (run) => setTimeout(run, 0), getMenuButtonBoundingClientRect: () => ({ top: 48, height: 32, left: 290, right: 380, width: 90, bottom: 80 }),
  createSelectorQuery: selectorQuery, createAnimation: () => new Proxy({}, { get: (_, name) => (name === 'export' ? () => ({}) : () => ({})) }),
  createIntersectionObserver: () => ({ relativeTo() { return this }, relativeToViewport() { return this }, observe() {}, disconnect() {} }),
  getAccountInfoSync: () => ({ miniProgram: { appId: 'touristappid', envVersion: 'develop' } }), getExtConfigSync: () => ({ server: 'https://shop.test' }), env: { USER_DATA_PATH: '' },
}
const listeners = 'onAppShow onAppHide onError onUnhandledRejection onPageNotFound onThemeChange onWindowResize offWindowResize onKeyboardHeightChange offKeyboardHeightChange onNetworkStatusChange'
for (const name of listeners.split(' ')) wx[name] = () => undefined
const asked = 'request showToast hideToast showLoading hideLoading showModal navigateTo redirectTo switchTab reLaunch navigateBack setStorage getStorage login requestPayment setNavigationBarTitle chooseAddress setClipboardData previewImage pageScrollTo getNetworkType showShareMenu setTabBarBadge removeTabBarBadge setTabBarItem stopPullDownRefresh'
for (const name of asked.split(' ')) {
  wx[name] = (options) => {
    calls.push([name, options])
    const answer = (answers[name] ?? (() => ({ errMsg: `${name}:ok` })))(options ?? {})
    setTimeout(() => {
      const failed = / ?fail/.test(answer.errMsg ?? '')
      if (failed) options?.fail?.(answer)
      else options?.success?.(answer)
      options?.complete?.(answer)
    }, 0)
    return { abort() {}, onProgressUpdate() {}, onHeadersReceived() {} }
  }
}

let app
const pages = []
/** A page is a component with a life of its own; the framework's runtime only needs the name to exist. */
function Page({ data, options, ...rest }) {
  const methods = Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value === 'function'))
  return globalThis.Component({ data: data ?? {}, options, methods })
}
Object.assign(globalThis, { wx, Page, App: (options) => (app = options), getApp: () => app, getCurrentPages: () => pages, __wxConfig: {} })
const exparser = require('miniprogram-exparser')
const simulate = require('miniprogram-simulate')

const tick = (ms = 60) => new Promise((done) => setTimeout(done, ms))

function boot(root) {
  require(path.join(root, 'app.js'))
  app.onLaunch?.call(app, { path: '', query: {} })
  app.onShow?.call(app, { path: '', query: {} })
}

/** Every node of a page, its components' insides included: each component is a world of its own. */
function* nodes(node) {
  if (!node) return
  yield node
  if (node.shadowRoot) yield* nodes(node.shadowRoot)
  for (const child of node.childNodes ?? []) yield* nodes(child)
}

function attribute(node, name) {
  return node._vt?.attrs?.find((each) => each.name === name)?.value
}

/** The node itself or the first inside it that listens to taps: a component's name sits on its outside. */
function tappable(node) {
  for (const each of nodes(node)) if (each._vt?.event?.tap || each._vt?.event?.catchtap) return each
  return node
}

/** Opens a page on top of the others. `find` looks by data-testid, `tap` taps what it finds. */
async function open(root, page, query = {}) {
  const component = simulate.render(simulate.load(path.join(root, page), { rootPath: root, compiler: 'official' }))
  const host = document.createElement('div')
  document.body.appendChild(host)
  Object.assign(component.instance, { route: page, options: query })
  pages.push(component.instance)
  component.attach(host)
  component.instance.onLoad?.(query)
  component.instance.onShow?.()
  await tick()
  component.instance.onReady?.()
  await tick(200)

  const find = (testid) => [...nodes(component._exparserNode)].filter((node) => attribute(node, 'data-testid') === testid)
  async function tap(testid, index = 0) {
    const node = find(testid).at(index)
    if (!node) throw new Error(`nothing called ${testid} on ${page}: ${text()}`)
    exparser.Event.dispatchEvent(tappable(node), exparser.Event.create('tap', {}, { bubbles: true, composed: true, capturePhase: true }))
    await tick(300)
  }
  const text = () => host.textContent.replace(/\s+/g, ' ').trim()
  const close = () => {
    component.instance.onUnload?.()
    component.detach()
    host.remove()
    pages.pop()
  }
  return { close, find, tap, text }
}

module.exports = { answers, boot, calls, open, storage, tick }
