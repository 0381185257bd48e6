import { VueQueryPlugin, type VueQueryPluginOptions } from '@tanstack/vue-query'
import { ApiError } from './api'

/** Only what may heal by itself is asked again; a refusal is final. */
export function worthRetrying(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && error.retryable
}

export const queryPlugin = VueQueryPlugin
export const queryOptions: VueQueryPluginOptions = {
  queryClientConfig: {
    defaultOptions: {
      queries: { retry: worthRetrying, staleTime: 10_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  },
}
