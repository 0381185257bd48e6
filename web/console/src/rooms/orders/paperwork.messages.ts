import type { RoomMessages } from '../../app/i18n'

export const papers: RoomMessages = {
  zh: {
    counter: '当面收款', counterTitle: '请买家用微信扫码付款', counterWaits: '等待付款, 二维码 {time} 失效', counterPaid: '已收款 {amount}', counterOver: '二维码已失效, 请关闭后重试',
    questions: '下单问题', questionsNote: '下单时问买家的信息, 写在订单、拣货单上。全店的问题每单都问, 商品的问题只在买它时问。', addQuestion: '添加问题', editQuestion: '编辑问题', noQuestions: '下单时没有额外的问题', noQuestionsHint: '需要刻字内容、预约日期或出行人证件时, 在这里添加。', label: '问题', kind: '填写方式', kinds: { text: '文字', choice: '单选', date: '日期', phone: '手机号', id_number: '身份证号' },
    scope: '适用', wholeShop: '全店', ofProduct: '指定商品', required: '必填', options: '选项', optionsHint: '每行一个选项', saved: '已保存, 新订单开始生效', dropped: '不再询问', dropAsk: '不再询问「{label}」? 已有订单的答案保留。', drop: '停用', position: '顺序',
    answers: '下单信息', reveal: '查看完整', revealed: '已记入操作日志',
    invoices: '发票', invoice: '发票', noInvoices: '没有发票', noInvoicesHint: '买家在下单时或订单页申请开票后, 会出现在这里。', exportAll: '导出表格', states: { all: '全部', requested: '待开票', issued: '已开票', red: '需红冲', reversed: '已冲销' }, titleKinds: { personal: '个人', company: '企业' },
    title: '抬头', email: '邮箱', payable: '应开', red: '需红冲 {amount}', number: '发票号码', redNumber: '红字发票号码', issue: '登记开票', reverse: '登记红冲', file: '发票 PDF (可选)', issueHint: '金额 {amount} = 实付减去已退。登记后买家可以看到号码并下载。', reverseHint: '开票后退了 {amount}, 请开红字发票后登记号码。', done: '已登记',
  },
  en: {
    counter: 'Take payment', counterTitle: 'Ask the buyer to scan with WeChat', counterWaits: 'Waiting; the code ends {time}', counterPaid: '{amount} received', counterOver: 'The code has ended; close and try again',
    questions: 'Checkout questions', questionsNote: 'What buyers are asked at checkout; it stands on orders and picking lists. Shop questions are asked of every order, product questions only when it is bought.', addQuestion: 'Add a question', editQuestion: 'Edit the question', noQuestions: 'Nothing more is asked at checkout', noQuestionsHint: 'Add one for engravings, days of a visit or a traveller’s papers.', label: 'Question', kind: 'Answered by', kinds: { text: 'Text', choice: 'Choice', date: 'Date', phone: 'Phone', id_number: 'ID number' },
    scope: 'Asked for', wholeShop: 'Whole shop', ofProduct: 'A product', required: 'Required', options: 'Options', optionsHint: 'One on each line', saved: 'Saved; holds for new orders', dropped: 'Not asked any more', dropAsk: 'Stop asking “{label}”? Answers of past orders stay.', drop: 'Stop asking', position: 'Order',
    answers: 'Answers at checkout', reveal: 'Show in full', revealed: 'Noted in the audit log',
    invoices: 'Invoices', invoice: 'Invoice', noInvoices: 'No invoices', noInvoicesHint: 'They appear here when buyers ask at checkout or on their order.', exportAll: 'Export', states: { all: 'All', requested: 'To write', issued: 'Written', red: 'To take back', reversed: 'Taken back' }, titleKinds: { personal: 'Person', company: 'Company' },
    title: 'Title', email: 'E-mail', payable: 'To invoice', red: '{amount} to take back', number: 'Invoice number', redNumber: 'Red-letter number', issue: 'Note the invoice', reverse: 'Note the red letter', file: 'PDF (optional)', issueHint: '{amount}: paid less refunded. The buyer then sees the number and may fetch the file.', reverseHint: '{amount} went back after it was written; write a red-letter invoice, then note its number.', done: 'Noted',
  },
}
