export * from './money'
export * from './number'
export * from './privacy'
export * from './time'

/** The two languages every face speaks. */
export type Locale = 'zh' | 'en'
