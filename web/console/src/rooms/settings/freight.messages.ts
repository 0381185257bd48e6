import type { RoomMessages } from '../../app/i18n'

export const freights: RoomMessages = {
  zh: {
    default: '默认模板', add: '新建运费模板', edit: '编辑运费模板', change: '编辑', look: '查看', name: '模板名称', counts: '计费方式', by: { piece: '按件数', weight: '按重量', volume: '按体积' }, units: { piece: '件', weight: 'kg', volume: 'm³' },
    hint: { weight: '按商品规格里填写的重量合计; 没填重量的只收首费。', volume: '按商品规格里填写的体积合计; 没填体积的只收首费。' },
    everywhere: '全国', elsewhere: '其余地区', zones: '地区', products: '商品', others: '其余商品', closed: '不配送', closedZones: '{count} 个不配送', first: '首', next: '每续', firstFee: '首费', nextFee: '续费', freeFen: '满额包邮', freePieces: '满件包邮', never: '不包邮',
    steps: '首 {first} {fee}, 每续 {next} {more}', flat: '每单 {fee}', free: '包邮', freeAt: '满 {at} 包邮', freeAtPieces: '满 {at} 件包邮', comma: '、',
    addZone: '添加地区', pick: '选择地区', use: '确定', pickFirst: '选择省、市、区', search: '搜索地区', noRegion: '没有找到', saved: '运费已更新, 对新订单生效', gone: '模板已删除', drop: '删除运费模板', dropAsk: '删除「{name}」? 已下的订单不受影响。',
    mixTitle: '一单里有多个模板时', mixes: { sum: '运费相加', one_first: '只收一次首费' }, mixHints: { sum: '每个模板各算各的, 合计收取。', one_first: '收最高的一个首费, 其余模板的商品都按续费计算。' },
  },
  en: {
    default: 'Default template', add: 'New freight template', edit: 'Edit the freight template', change: 'Edit', look: 'View', name: 'Name', counts: 'Counts', by: { piece: 'By piece', weight: 'By weight', volume: 'By volume' }, units: { piece: 'pcs', weight: 'kg', volume: 'm³' },
    hint: { weight: 'Adds up the weights of the SKUs; without one only the first fee is charged.', volume: 'Adds up the volumes of the SKUs; without one only the first fee is charged.' },
    everywhere: 'Everywhere', elsewhere: 'Everywhere else', zones: 'Regions', products: 'Products', others: 'All others', closed: 'Not sent there', closedZones: '{count} not sent to', first: 'First', next: 'Each next', firstFee: 'First fee', nextFee: 'Next fee', freeFen: 'Free from', freePieces: 'Free from pieces', never: 'Never free',
    steps: '{fee} up to {first}, {more} for each {next} more', flat: '{fee} an order', free: 'Free', freeAt: 'free from {at}', freeAtPieces: 'free from {at} pcs', comma: ', ',
    addZone: 'Add regions', pick: 'Choose regions', use: 'Use these', pickFirst: 'Choose provinces, cities, districts', search: 'Search regions', noRegion: 'Nothing found', saved: 'Freight updated; holds for new orders', gone: 'Template deleted', drop: 'Delete the freight template', dropAsk: 'Delete “{name}”? Orders already placed keep their freight.',
    mixTitle: 'Several templates in one order', mixes: { sum: 'Add up', one_first: 'One first fee' }, mixHints: { sum: 'Each template is charged, all added up.', one_first: 'The highest first fee once; goods of the other templates cost their next fees.' },
  },
}
