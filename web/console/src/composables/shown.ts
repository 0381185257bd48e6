import { ref } from 'vue'

/** How many errors the page shows at their own places. */
export const errorsShown = ref(0)
