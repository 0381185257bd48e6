import type { RoomMessages } from '../../app/i18n'
import groups from '../rfm/groups.messages'

/** Texts of the import of purchases made elsewhere before. */
const past: RoomMessages = {
  zh: {
    title: '导入以前的购买', systems: '有赞, 微盟, CRMEB', note: '把在有赞、微盟、CRMEB 或表格里的购买记录带过来。只作为历史计数, 不动账本里的钱, 随时可以整次撤销。', history: '导入记录', none: '还没有导入过', noneHint: '从旧系统导出订单（一行一单）, 拖到上面的框里。', drop: '把 CSV 或 XLSX 拖到这里, 或点击选择', dropHint: '第一行是列名, 一行一次购买, 最多 300 万行。先试读, 不会直接写入。', reading: '正在上传', by: '{name} 于 {time} 开始',
    waiting: '有 {customers} 位以前的顾客（{purchases} 次购买）还不是粉丝。他们以同一个 openid、unionid 或手机号出现时, 历史会自动接上。',
    states: { reading: '上传中', ready: '待设置', checking: '试读中', checked: '可以导入', running: '导入中', stopped: '已停止', done: '已完成', undoing: '撤销中', undone: '已撤销' },
    columns: '每一列是什么', columnsHint: '已按列名猜好, 请核对。认顾客的列至少要有一个; 同一行有几个时, 按客户编号、unionid、openid、手机号的顺序认。商品和分类可用来筛选「以前买过什么」; 一单多件时, 用分号隔开。', skip: '没有', source: '来自哪里', sourceHint: '如: 有赞。同一来源里, 一个订单号只算一次。', dates: '日期写法', decimals: '小数写法', sample: '文件前几行（已打码）',
    fields: { number: '订单号', at: '时间', amount: '实付金额（元）', quantity: '数量', customer: '客户编号', phone: '手机号', openid: 'openid', unionid: 'unionid', product: '商品', category: '商品分类', note: '备注' },
    dateKinds: { ymd: '年-月-日（2026-04-01、20260401）', dmy: '日-月-年（01.04.2026）', mdy: '月-日-年（04/01/2026）' }, decimalKinds: { point: '1,234.50', comma: '1.234,50' },
    check: '试读', recheck: '重新试读', run: '导入 {count} 次购买', resume: '继续', stop: '停止', undo: '撤销这次导入', undoAsk: '这次导入的 {count} 次购买都会去掉, 粉丝的历史、阶段和评分随之恢复; 之前已有的不受影响。', faults: '下载有问题的行',
    lines: '总行数', good: '可导入', wrong: '有问题', known: '之前已有', ofFans: '属于粉丝', added: '已导入', amount: '金额', span: '从 {first} 到 {last}', stalled: '几分钟没有进展, 请看「后台任务」里有没有报错。', see: '看复购与 RFM', nothing: '没有可以导入的行, 请改列或改文件。', tried: '试读完成, 还没有写入任何内容。有问题的行会跳过。',
    problem: '问题', times: '行数',
    faultWords: { number_missing: '没有订单号', number_long: '订单号太长', customer_missing: '认不出顾客', customer_long: '顾客编号太长', phone: '手机号不是 11 位（带星号的认不出顾客）', time_missing: '没有时间', time: '时间读不懂', time_ahead: '时间在将来', amount_missing: '没有金额', amount: '金额读不懂, 或多于两位小数', amount_below: '金额小于 0', quantity: '数量不是整数', repeated: '文件里前面已有这个订单号', differs: '以前导入过这个订单号, 内容不同' },
    on: '以前的购买', onHint: '从别处导入的历史, 不计入上面的订单和实付。', count: '{count} 次', between: '{first} 至 {last}', scores: 'RFM 评分', since: '{day} 起', groups: groups.zh,
  },
  en: {
    title: 'Import earlier purchases', systems: 'Youzan, Weimob, CRMEB', note: 'Bring purchases from Youzan, Weimob, CRMEB or a spreadsheet. They count as history alone, move no money in the ledger, and a whole import can be undone.', history: 'Imports', none: 'Nothing imported yet', noneHint: 'Export orders from the old system, one line an order, and drop the file above.', drop: 'Drop a CSV or XLSX here, or click to choose', dropHint: 'A heading first, a purchase a line, three million lines at most. It is tried out first; nothing is written at once.', reading: 'Uploading', by: 'Begun by {name}, {time}',
    waiting: '{customers} customers from before ({purchases} purchases) are no fans yet. Their history joins them when they appear under the same openid, unionid or phone.',
    states: { reading: 'Uploading', ready: 'To be set up', checking: 'Trying out', checked: 'Ready to import', running: 'Importing', stopped: 'Stopped', done: 'Done', undoing: 'Undoing', undone: 'Undone' },
    columns: 'What each column is', columnsHint: 'Guessed by the heading; please look. At least one column must tell customers apart; where a line has several, the customer number goes before unionid, openid and phone. Product and category serve conditions on what was bought elsewhere; several in one order are parted by a semicolon.', skip: 'None', source: 'Where from', sourceHint: 'e.g. Youzan. An order number counts once in its source.', dates: 'Dates', decimals: 'Decimals', sample: 'The first lines (masked)',
    fields: { number: 'Order number', at: 'Time', amount: 'Amount paid (yuan)', quantity: 'Quantity', customer: 'Customer number', phone: 'Phone', openid: 'openid', unionid: 'unionid', product: 'Product', category: 'Category', note: 'Note' },
    dateKinds: { ymd: 'year-month-day (2026-04-01, 20260401)', dmy: 'day-month-year (01.04.2026)', mdy: 'month-day-year (04/01/2026)' }, decimalKinds: { point: '1,234.50', comma: '1.234,50' },
    check: 'Try out', recheck: 'Try out again', run: 'Import {count} purchases', resume: 'Go on', stop: 'Stop', undo: 'Undo this import', undoAsk: 'All {count} purchases of this import go; history, stages and scores of fans follow. What was there before stays.', faults: 'Download the wrong lines',
    lines: 'Lines', good: 'Good', wrong: 'Wrong', known: 'There already', ofFans: 'Of fans', added: 'Imported', amount: 'Amount', span: 'from {first} to {last}', stalled: 'Nothing has moved for minutes. See Jobs for an error.', see: 'See repeat and RFM', nothing: 'No line can be imported; change the columns or the file.', tried: 'Tried out; nothing is written yet. Wrong lines will be left out.',
    problem: 'Problem', times: 'Lines',
    faultWords: { number_missing: 'No order number', number_long: 'The order number is too long', customer_missing: 'No customer', customer_long: 'The customer’s key is too long', phone: 'No phone of 11 digits (a masked one tells nobody apart)', time_missing: 'No time', time: 'The time cannot be read', time_ahead: 'The time is in the future', amount_missing: 'No amount', amount: 'The amount cannot be read, or has more than two decimals', amount_below: 'Below zero', quantity: 'The quantity is no whole number', repeated: 'The number stands in the file before', differs: 'An earlier import has this number with other contents' },
    on: 'Earlier purchases', onHint: 'History imported from elsewhere; not among the orders and payments above.', count: '{count} times', between: '{first} to {last}', scores: 'RFM scores', since: 'since {day}', groups: groups.en,
  },
}

export default past
