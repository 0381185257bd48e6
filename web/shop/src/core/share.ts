import { server } from '@/platform'

/** The link a fan sends to friends; the short form is a promise to the outside (routes.ts). */
export function shareLink(code: string, productId?: number): string {
  let home = `${server}/shop/`
  // #ifdef H5
  home = `${location.origin}${location.pathname}`
  // #endif
  return `${home}#/r/${code}${productId ? `/${productId}` : ''}`
}

export const posterOf = (code: string): string => `${server}/api/shop/referral/posters/${code}`
export const productPosterOf = (code: string, id: number): string => `${server}/api/shop/referral/posters/${code}/products/${id}`
/** All pictures of a product in one file. */
export const packOf = (id: number): string => `${server}/api/shop/products/${id}/share/pictures.zip`
