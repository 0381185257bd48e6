import { ref } from 'vue'

/** What the phone says about its network. */
export const online = ref(true)

export function watchNetwork(): void {
  uni.getNetworkType({ success: ({ networkType }) => (online.value = networkType !== 'none') })
  uni.onNetworkStatusChange(({ isConnected }) => (online.value = isConnected))
}
