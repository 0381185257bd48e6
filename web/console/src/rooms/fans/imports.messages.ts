import type { RoomMessages } from '../../app/i18n'

/** Texts of the import of followers. */
const imports: RoomMessages = {
  zh: {
    title: '导入关注者', note: '把公众号已有的关注者变成粉丝, 再次导入只写入变化。', start: '开始导入', again: '再次导入', startAsk: '读取公众号的全部关注者, 每次调用 100 人。不会给任何人发消息, 可以随时停止。', started: '已开始导入', stop: '停止', stoppedNow: '已停止', resume: '继续', resumed: '已继续', tryNow: '现在再试', see: '查看粉丝',
    empty: '还没有导入过', emptyHint: '接入铁粉之前关注的人, 公众号不会再通知。导入一次, 他们就都在这里。', unconnected: '还没有接入公众号', unconnectedHint: '先填写公众号的 AppID 和 AppSecret。', connect: '去接入公众号',
    current: '本次导入', history: '以往的导入', when: '开始时间', state: '状态', who: '操作人', by: '{name} 于 {time} 开始',
    states: { running: '进行中', waiting: '等待中', stopped: '已停止', failed: '未完成', done: '已完成' }, stalled: '没有进展',
    steps: { listing: '正在读取关注者名单', asking: '正在读取每个人的资料', leavers: '正在核对离开的人', tidying: '正在收尾' },
    of: '{done} / {total} 人', speed: '每秒 {count} 人', rest: { seconds: '约剩 {count} 秒', minutes: '约剩 {count} 分钟', hours: '约剩 {count} 小时' },
    added: '新增', addedHint: '之前不认识的人', updated: '更新', updatedHint: '认识的人: 又关注了, 或得知了 unionid', unchanged: '未变', left: '已离开', leftHint: '我们以为还在关注, 其实已取消', skipped: '跳过', skippedHint: '读取名单后又取消了关注',
    until: '将在 {time} 自动继续。', failedHint: '处理后点「继续」, 从停下的地方接着做。', stoppedHint: '已导入的都保留。点「继续」从停下的地方接着做。', stalledHint: '几分钟没有进展, 请看「后台任务」里有没有报错, 然后点「继续」。', doneHint: '{time} 完成, 核对了 {total} 人。',
    troubles: { quota: '今天的接口调用次数用完了。', busy: '微信正忙, 或调用太快。', away: '微信暂时没有回应。', granted: '公众号没有读取关注者的权限, 需要已认证的服务号或订阅号。', address: '服务器 IP 不在公众平台的白名单里。', secret: 'AppID 或 AppSecret 不正确。', account: '公众号的配置被清除了。', list: '名单几次读到一半都变了。', other: '微信返回了 {code}。' },
  },
  en: {
    title: 'Import followers', note: 'Make fans of the followers the account already has; a later import writes only what changed.', start: 'Start the import', again: 'Import again', startAsk: 'All followers of the account are read, 100 a call. Nobody is sent a message, and you can stop at any time.', started: 'The import has begun', stop: 'Stop', stoppedNow: 'Stopped', resume: 'Go on', resumed: 'Going on', tryNow: 'Try now', see: 'See the fans',
    empty: 'Nothing imported yet', emptyHint: 'WeChat never tells of people who followed before Tiefen was connected. Import once, and they are all here.', unconnected: 'No Official Account is connected', unconnectedHint: 'Enter its AppID and AppSecret first.', connect: 'Connect the account',
    current: 'This import', history: 'Earlier imports', when: 'Begun', state: 'State', who: 'By', by: 'Begun by {name}, {time}',
    states: { running: 'Running', waiting: 'Waiting', stopped: 'Stopped', failed: 'Not finished', done: 'Done' }, stalled: 'Not moving',
    steps: { listing: 'Reading who follows', asking: 'Reading about each of them', leavers: 'Checking who left', tidying: 'Tidying up' },
    of: '{done} of {total}', speed: '{count} a second', rest: { seconds: 'about {count} s left', minutes: 'about {count} min left', hours: 'about {count} h left' },
    added: 'New', addedHint: 'People we did not know', updated: 'Updated', updatedHint: 'People we knew: they follow again, or their unionid is news', unchanged: 'Unchanged', left: 'Left', leftHint: 'We thought they followed; they do not any more', skipped: 'Skipped', skippedHint: 'Left after the list was read',
    until: 'Goes on by itself {time}.', failedHint: 'When it is mended, press Go on: the import continues where it stopped.', stoppedHint: 'What is imported stays. Press Go on to continue from here.', stalledHint: 'Nothing has moved for minutes. See Jobs for an error, then press Go on.', doneHint: 'Done {time}; {total} people checked.',
    troubles: { quota: 'Today’s quota of this call is used up.', busy: 'WeChat is busy, or we were too fast.', away: 'WeChat does not answer just now.', granted: 'The account may not read its followers; it must be verified.', address: 'This server’s address is not on the account’s IP white list.', secret: 'The AppID or AppSecret is wrong.', account: 'The account’s settings were cleared.', list: 'The list changed several times while it was being read.', other: 'WeChat answered {code}.' },
  },
}

export default imports
