import { ref, watch } from 'vue'
import { useLoad, type Loaded } from '../../../composables/load'

const PAUSE_MS = 500

/** What the server says of a draft, half a second after its last change: its sentence, and what the guard thinks. A nameless draft is tried out too. */
export function useChecked<Body extends { name: string }, Said>(name: string, body: () => Body, check: (body: Body) => Promise<Said>): Loaded<Said> {
  const wanted = ref('')
  let pause: ReturnType<typeof setTimeout> | undefined
  watch(() => JSON.stringify({ ...body(), name: body().name || '…' }), (now) => {
    clearTimeout(pause)
    pause = setTimeout(() => { wanted.value = now }, PAUSE_MS)
  }, { immediate: true })
  return useLoad(() => [name, wanted.value], () => check(JSON.parse(wanted.value) as Body), { enabled: () => wanted.value !== '' })
}
