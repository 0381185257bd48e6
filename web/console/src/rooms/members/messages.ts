import type { RoomMessages } from '../../app/i18n'
import levels from './levels.messages'
import points from './points.messages'

const messages: RoomMessages = {
  zh: { levels: levels.zh, points: points.zh },
  en: { levels: levels.en, points: points.en },
}

export default messages
