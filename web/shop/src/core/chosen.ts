import { ref } from 'vue'

/** The address picked on the address page, for the checkout page that sent the fan there. */
export const chosenAddress = ref<number | null>(null)
