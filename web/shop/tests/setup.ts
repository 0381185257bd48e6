import { beforeEach, vi } from 'vitest'

/** The framework's global, as far as the shop's logic asks it anything. */
export const stored = new Map<string, unknown>()

function fresh() {
  return {
    getStorageSync: (key: string) => stored.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => stored.set(key, value),
    setStorage: ({ key, data }: { key: string; data: unknown }) => stored.set(key, data),
    removeStorageSync: (key: string) => stored.delete(key),
    getSystemInfoSync: () => ({ language: 'zh-CN' }),
    request: vi.fn(),
    setTabBarItem: vi.fn(),
    setTabBarBadge: vi.fn(),
    removeTabBarBadge: vi.fn(),
    showModal: vi.fn(),
    showToast: vi.fn(),
    navigateTo: vi.fn(),
    redirectTo: vi.fn(),
    switchTab: vi.fn(),
  }
}

Object.assign(globalThis, { uni: fresh() })
beforeEach(() => {
  stored.clear()
  Object.assign(globalThis, { uni: fresh() })
})
