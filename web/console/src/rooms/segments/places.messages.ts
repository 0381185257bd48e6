import type { RoomMessages } from '../../app/i18n'

/** Texts of the merchant's points, and of keeping where fans are. */
const place: RoomMessages = {
  zh: {
    title: '地点', keep: '记住粉丝的大致位置', keepHint: '只记在商城「个人信息」里同意过的粉丝, 只记最近一次, 精确到约 100 米, 到期自动删除。用于「离门店多远」这一条件; 员工看不到坐标。', days: '保留天数', counts: '{agreed} 位已同意, {placed} 位有位置', off: '关闭并删除', offTitle: '关闭位置功能', offAsk: '已记住的 {count} 个位置会立刻删除, 用到距离的人群会变空。粉丝的同意保留, 重新开启后从下一次上报算起。',
    points: '门店与地点', add: '添加地点', edit: '修改地点', name: '名称', nameHint: '如: 外滩店', latitude: '纬度', longitude: '经度', paste: '可以把地图上复制的「纬度,经度」直接粘贴到这里', where: '坐标', map: '请用高德或腾讯地图的坐标。微信上报的位置可能与地图相差几百米, 半径不要设得太小。', usedBy: '用到它的人群', unused: '还没有', drop: '删除', dropAsk: '删除「{name}」? 不能撤销。', dropped: '已删除', degrees: '纬度填 -90 到 90, 经度填 -180 到 180', needed: '请填写名称',
    empty: '还没有地点', emptyHint: '把门店、仓库或活动现场的坐标记下来, 就能按「离它几公里以内」筛选粉丝。',
    choose: '选择地点', km: '公里内', kmWord: '{km} 公里内', kmLabel: '公里', none: '先添加地点', known: '有位置', switchedOff: '位置功能还没有开启, 现在没有粉丝满足这个条件。',
  },
  en: {
    title: 'Places', keep: 'Keep roughly where fans are', keepHint: 'Only of fans who agreed under “Personal data” in the shop; only the last place, to about 100 metres, forgotten by itself. For the condition “how far from a store”; staff see no coordinates.', days: 'Days kept', counts: '{agreed} agreed, {placed} with a place', off: 'Switch off and forget', offTitle: 'Switch places off', offAsk: 'The {count} places are deleted at once, and segments that ask for a distance become empty. The fans’ word stays: switched on again, it counts from what they send next.',
    points: 'Stores and places', add: 'Add a place', edit: 'Change the place', name: 'Name', nameHint: 'e.g. Store at the Bund', latitude: 'Latitude', longitude: 'Longitude', paste: 'A pair “latitude,longitude” copied from a map can be pasted here', where: 'Coordinates', map: 'Use the coordinates of Amap or Tencent Maps. What WeChat reports may be some hundred metres off, so do not make circles too small.', usedBy: 'Segments that use it', unused: 'none yet', drop: 'Delete', dropAsk: 'Delete “{name}”? It cannot be brought back.', dropped: 'Deleted', degrees: 'Latitude is -90 to 90, longitude -180 to 180', needed: 'Please give it a name',
    empty: 'No places yet', emptyHint: 'Write down where a store, a warehouse or an event is; then fans can be found by “within so many kilometres of it”.',
    choose: 'Choose a place', km: 'km around', kmWord: 'within {km} km', kmLabel: 'Kilometres', none: 'Add a place first', known: 'a place', switchedOff: 'Places are not kept yet, so no fan fits this condition now.',
  },
}

export default place
