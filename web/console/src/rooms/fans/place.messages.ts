import type { RoomMessages } from '../../app/i18n'

/** Texts of roughly where a fan was last. */
const place: RoomMessages = {
  zh: {
    title: '大致位置', off: '没有开启。开启后, 只记同意过的粉丝。', notAgreed: '粉丝没有同意记住位置。', nothing: '已同意, 还没有收到位置。', ring: '离「{name}」{km} 公里以内', noPoints: '已有位置, 还没有可比较的地点。', reveal: '查看距离', revealTitle: '查看到各地点的距离', forget: '撤回同意并删除', forgetTitle: '撤回同意并删除位置', forgetHint: '位置立刻删除, 以后也不再记, 除非粉丝自己再次同意。', forgotten: '位置已删除', km: '{km} 公里', agreed: '同意记住大致位置', withdrawn: '撤回位置同意',
  },
  en: {
    title: 'Rough place', off: 'Not kept. When it is, only of fans who agreed.', notAgreed: 'The fan has not agreed to have it kept.', nothing: 'Agreed; no place has come yet.', ring: 'within {km} km of “{name}”', noPoints: 'A place is known; there are no points to compare it with.', reveal: 'Show distances', revealTitle: 'Show the distance to each point', forget: 'Take the consent back', forgetTitle: 'Take the consent back and forget the place', forgetHint: 'The place is deleted at once and no other is kept, unless the fan agrees again.', forgotten: 'Place forgotten', km: '{km} km', agreed: 'agreed to have a rough place kept', withdrawn: 'took back the consent to a place',
  },
}

export default place
