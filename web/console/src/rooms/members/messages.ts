import type { RoomMessages } from '../../app/i18n'
import levels from './levels.messages'

const messages: RoomMessages = {
  zh: { levels: levels.zh },
  en: { levels: levels.en },
}

export default messages
