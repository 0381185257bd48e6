/** Puts the words of the later pages into the Chinese book: what a browser fetches with the first of those pages. */
import { add } from '@/i18n'
import later from './later.zh'

add(later)
