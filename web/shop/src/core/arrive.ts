// Imported first of all: an answer from WeChat is taken out of the address (platform.ts), and a short address
// (#/orders/123) becomes the page it means, before the framework's router reads either.
import '@/platform'
import { pageOf } from './routes'

// #ifdef H5
const page = pageOf(location.hash)
if (page) history.replaceState(null, '', `${location.pathname}${location.search}#${page}`)
// #endif
