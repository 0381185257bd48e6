/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** Absolute address of the merchant's server; the mini program has no location of its own to learn it from. */
  readonly VITE_SERVER?: string
}

interface WeixinBridge {
  invoke(name: string, params: Record<string, unknown>, done: (answer: { err_msg: string }) => void): void
}

interface Window {
  WeixinJSBridge?: WeixinBridge
}
