/**
 * Where the server's root is for a face opened at `pathname`.
 *
 * A face is served at `/<face>/` or, on a machine with many merchants, at `/m/<slug>/<face>/`;
 * everything before the face's own folder belongs to the merchant and is kept.
 */
export function serverRoot(pathname: string, face: string): string {
  const at = pathname.indexOf(`/${face}/`)
  return at < 0 ? (/^\/m\/[^/]+/.exec(pathname)?.[0] ?? '') : pathname.slice(0, at)
}
