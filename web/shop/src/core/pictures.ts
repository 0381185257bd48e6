import { server } from '@/platform'

/**
 * The whole address of a picture. The server names its own by path (`/files/…`); left so, the framework would look
 * for them inside the shop's folder, and a mini program nowhere.
 */
export function whole(url: string): string {
  return url.startsWith('/') && !url.startsWith('//') ? server + url : url
}

/** The same for every picture inside a product's description. */
export function wholeInside(html: string): string {
  return html.replace(/(<img\b[^>]*?\ssrc=["'])(\/(?!\/)[^"']*)/gi, (_, before: string, path: string) => before + server + path)
}
