/** 13812345678 → 138****5678. What is already masked, or too short to mask usefully, is starred entirely but its ends. */
export function maskPhone(phone: string): string {
  if (phone.includes('*')) return phone
  return phone.length < 7 ? phone.replace(/.(?=.{2})/g, '*') : phone.slice(0, 3) + '****' + phone.slice(-4)
}
