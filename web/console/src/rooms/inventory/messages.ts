import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '库存', search: '商品名称或编码', product: '商品', code: '编码', onHand: '在库', reserved: '占用', available: '可售', movements: '流水', adjust: '调整', all: '全部', low: '可售不多于 5 件', out: '售罄', shelf: '在售范围', onlyProduct: '只看这件商品',
    reservedHint: '已下单未付款的件数; 付款后扣减, 超时自动释放', empty: '还没有库存', emptyHint: '发布商品后, 在这里登记入库。', offShelf: '未上架',
    adjustTitle: '调整库存', reason: '原因', quantity: '数量', note: '备注', noteHint: '进货单号、盘点人…', after: '调整后在库', counted: '盘点实数', tooFew: '不能少于已占用的 {count} 件', saved: '库存已更新', nothing: '数量没有变化',
    reasons: { received: '入库', sold: '售出', returned: '退回', lost: '损耗', counted: '盘点' }, reasonHints: { received: '采购到货、调拨进来', lost: '破损、过期、赠送', counted: '以实际点数为准' },
    noMovements: '还没有流水', pieces: '{count} 件',
  },
  en: {
    title: 'Stock', search: 'Product or code', product: 'Product', code: 'Code', onHand: 'On hand', reserved: 'Reserved', available: 'Free', movements: 'History', adjust: 'Adjust', all: 'All', low: '5 or fewer free', out: 'Sold out', shelf: 'Range', onlyProduct: 'This product only',
    reservedHint: 'Ordered but not yet paid; taken off when paid, given back when the order lapses', empty: 'No stock yet', emptyHint: 'Publish a product, then book goods in here.', offShelf: 'Off shelf',
    adjustTitle: 'Adjust stock', reason: 'Reason', quantity: 'Quantity', note: 'Note', noteHint: 'Delivery note, who counted…', after: 'On hand afterwards', counted: 'Counted pieces', tooFew: 'Not below the {count} reserved', saved: 'Stock updated', nothing: 'Nothing changes',
    reasons: { received: 'Received', sold: 'Sold', returned: 'Returned', lost: 'Lost', counted: 'Counted' }, reasonHints: { received: 'Deliveries, transfers in', lost: 'Broken, expired, given away', counted: 'The count decides' },
    noMovements: 'No movements yet', pieces: '{count} pcs',
  },
}

export default messages
