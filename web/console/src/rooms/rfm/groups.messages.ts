import type { RoomMessages } from '../../app/i18n'

/** The names of the eight groups of buyers, in every room that shows one. */
const groups: RoomMessages = {
  zh: { champion: '重要价值', grow: '重要发展', keep: '重要保持', win_back: '重要挽留', loyal: '一般价值', new: '一般发展', fading: '一般保持', gone: '一般挽留' },
  en: { champion: 'Important: value', grow: 'Important: develop', keep: 'Important: keep', win_back: 'Important: win back', loyal: 'General: value', new: 'General: develop', fading: 'General: keep', gone: 'General: win back' },
}

export default groups
