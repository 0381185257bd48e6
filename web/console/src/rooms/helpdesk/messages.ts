import type { RoomMessages } from '../../app/i18n'

const messages: RoomMessages = {
  zh: {
    title: '自动回复', keywords: '关键词回复', welcomeTab: '欢迎语与默认回复', unanswered: '没人回答的问题', add: '新建关键词回复', rule: '回复', match: '匹配', patterns: '关键词', hits: '命中', lastHit: '最近命中', state: '状态', on: '启用', off: '停用', never: '从未', empty: '还没有关键词回复', emptyHint: '粉丝发来关键词, 马上收到完整答案: 这是最好的引流工具。',
    matches: { exact: '完全一致', contains: '包含', regex: '正则' }, matchHints: { exact: '粉丝发来的话与关键词完全一样 (忽略大小写和全角半角)', contains: '粉丝的话里出现关键词', regex: 'RE2 语法的正则表达式, 适合熟悉正则的同事' },
    newTitle: '新建关键词回复', editTitle: '编辑关键词回复', name: '名称', namePlaceholder: '只有员工可见, 如 肤质测试', patternsHint: '每个关键词后按回车', priorityHint: '同时命中时, 数字大的先回', when: '生效时间', daily: '每天', from: '开始', to: '结束', period: '日期范围', answer: '回复内容', addText: '添加文字', addCard: '添加图文', text: '文字', card: '图文', cardTitle: '标题', cardText: '摘要', cardUrl: '链接', cardPicture: '封面图地址', uploadPicture: '上传封面', removePart: '删除这条', partUp: '上移', partDown: '下移', deleteRule: '删除', deleteAsk: '删除后, 粉丝发来这些关键词将收到默认回复。', deleted: '已删除', needed: '请填写', patternsNeeded: '至少一个关键词', answerNeeded: '至少一条内容', textNeeded: '文字不能为空', cardNeeded: '请填写标题和链接', bytes: '{count} 字节; 超过 2048 会自动拆成多条', timesBoth: '开始和结束都要填写, 且不能相同', priorityLabel: '优先级',
    preview: '手机预览', tryTitle: '试一试', tryHint: '输入一句话, 看现在会怎么回', send: '发送', nothing: '(不会有任何回复)', fromRule: '命中「{name}」', fromDefault: '默认回复', scanned: '刚刚关注', hello: '你好',
    welcome: '关注后的欢迎语', welcomeHint: '粉丝关注后立即收到。渠道码有专属欢迎语时, 以渠道码为准。最多 4 条。', defaultReply: '默认回复', defaultHint: '没有命中任何关键词时回复; 留空则不回复, 并把问题记入「没人回答的问题」。最多 6 条。', emptyAnswer: '还没有内容', savedNow: '已保存, 立即生效',
    question: '粉丝的问题', times: '次数', firstAsked: '第一次', lastAsked: '最近一次', answerIt: '添加回复', resolve: '忽略', resolved: '已处理', unansweredEmpty: '没有没人回答的问题', unansweredEmptyHint: '粉丝问了而没有自动回复的问题会汇总在这里, 点一下就能补上答案。',

  },
  en: {
    title: 'Auto-replies', keywords: 'Keyword replies', welcomeTab: 'Welcome and default', unanswered: 'Unanswered questions', add: 'New keyword reply', rule: 'Reply', match: 'Match', patterns: 'Keywords', hits: 'Hits', lastHit: 'Last hit', state: 'State', on: 'On', off: 'Off', never: 'Never', empty: 'No keyword replies yet', emptyHint: 'A fan sends a keyword and gets the full answer at once: the best way to draw people in.',
    matches: { exact: 'Exact', contains: 'Contains', regex: 'Pattern' }, matchHints: { exact: 'The whole message is the keyword (case and width do not matter)', contains: 'The keyword stands anywhere in the message', regex: 'A regular expression in RE2 syntax, for those who know them' },
    newTitle: 'New keyword reply', editTitle: 'Edit keyword reply', name: 'Name', namePlaceholder: 'For staff only, e.g. Skin test', patternsHint: 'Press Enter after each keyword', priorityHint: 'When several match, the higher number answers', when: 'In force', daily: 'Every day', from: 'From', to: 'To', period: 'Dates', answer: 'Answer', addText: 'Add text', addCard: 'Add card', text: 'Text', card: 'Card', cardTitle: 'Title', cardText: 'Summary', cardUrl: 'Link', cardPicture: 'Cover address', uploadPicture: 'Upload cover', removePart: 'Delete this part', partUp: 'Up', partDown: 'Down', deleteRule: 'Delete', deleteAsk: 'Fans who send these keywords will get the default reply.', deleted: 'Deleted', needed: 'Please fill in', patternsNeeded: 'At least one keyword', answerNeeded: 'At least one part', textNeeded: 'The text is empty', cardNeeded: 'Enter title and link', bytes: '{count} bytes; beyond 2048 it is split into several messages', timesBoth: 'Give both ends, and different ones', priorityLabel: 'Priority',
    preview: 'Phone preview', tryTitle: 'Try it', tryHint: 'Type a message and see what would be answered now', send: 'Send', nothing: '(nothing is answered)', fromRule: 'matched “{name}”', fromDefault: 'default reply', scanned: 'just followed', hello: 'Hello',
    welcome: 'Welcome', welcomeHint: 'Sent as soon as somebody follows. A channel code’s own welcome comes first. Up to 4 parts.', defaultReply: 'Default reply', defaultHint: 'When no keyword matches; empty says nothing and notes the question under “Unanswered questions”. Up to 6 parts.', emptyAnswer: 'Nothing yet', savedNow: 'Saved; in force now',
    question: 'What fans asked', times: 'Times', firstAsked: 'First', lastAsked: 'Last', answerIt: 'Add a reply', resolve: 'Dismiss', resolved: 'Done', unansweredEmpty: 'Nothing unanswered', unansweredEmptyHint: 'Questions without an automatic answer are gathered here; one tap adds the answer.',

  },
}

export default messages
