import type { RoomMessages } from '../../app/i18n'
import groups from './groups.messages'

const messages: RoomMessages = {
  zh: {
    title: '复购与 RFM', asOf: '截至 {time}', never: '还没有计算过', again: '重新计算', asked: '已开始计算', working: '正在计算',
    empty: '还没有人买过', emptyHint: '有了第一笔付款的订单, 或者导入以前在别处的购买, 这里就有数字。', bring: '导入以前的购买',
    grid: 'R × F', gridNote: '横向: 买得多不多（F）; 纵向: 最近有没有买（R）。点格子看是哪些粉丝。', corner: 'R ＼ F', fans: '{count} 人', cell: 'R {r}, F {f}: {count} 人, 共消费 {spend}', recent: '最近', long: '很久', often: '经常', once: '很少',
    how: '怎么算', howScore: '5 分 = 至少五分之四的买家不如这位粉丝; 一样的得分一样。R 看最近一次付款的日子, F 看没有整单退掉的购买次数, M 看付了又没退的金额; 从第一天算起, 包括导入的以前的购买。没有买过的人没有分。4 分以上算高。', howRepeat: '同一天买几次算一次。「30 天内」只看首次购买已满 30 天的买家。',
    groups: '八个人群', groupsNote: '按 R、F、M 是否达到 4 分', high: '高', low: '低', share: '占买家 {percent}',
    group: groups.zh,
    advice: { champion: '最好的顾客: 先享新品, 请他们带朋友', grow: '买得贵、刚来过: 帮他们养成习惯', keep: '常客很久没来: 主动问一声', win_back: '买得贵、快要走了: 值得打个电话', loyal: '常来但买得少: 推荐搭配和大份装', new: '刚来的小单: 做好第二次', fading: '以前常来的小单: 用优惠唤醒', gone: '很久前的小单: 不必多打扰' },
    repeat: '复购率', repeatNote: '首次购买之后, 在几天内又买了一次', within: '{days} 天内', of: '{again} / {buyers} 位买家', tooYoung: '还没有满 {days} 天的买家',
    cohorts: '首购月份留存', cohortsNote: '每个月的新买家, 之后每个月还有多少人在买', month: '首购月', buyers: '新买家', later: '第 {n} 月', others: '含 {count} 位还不是粉丝的以前的顾客',
    buyersOf: '{buyers} 位买家, 共 {fans} 位粉丝',
  },
  en: {
    title: 'Repeat and RFM', asOf: 'As of {time}', never: 'Not computed yet', again: 'Compute again', asked: 'Computing', working: 'Computing',
    empty: 'Nobody has bought yet', emptyHint: 'The first paid order brings numbers here, and so do imported purchases from before.', bring: 'Import earlier purchases',
    grid: 'R × F', gridNote: 'Across: how often they buy (F). Down: how lately they bought (R). A cell leads to its fans.', corner: 'R ＼ F', fans: '{count} fans', cell: 'R {r}, F {f}: {count} fans who spent {spend}', recent: 'lately', long: 'long ago', often: 'often', once: 'rarely',
    how: 'How it is counted', howScore: '5 means that at least four fifths of the buyers have less; equal values score alike. R is the day of the newest payment, F the purchases not given back whole, M the money paid and not given back; since the first day, imported purchases included. Who never bought has no score. 4 and up is high.', howRepeat: 'Several purchases on one day count once. “Within 30 days” looks only at buyers whose first purchase is at least 30 days old.',
    groups: 'Eight groups', groupsNote: 'by whether R, F and M reach 4', high: 'high', low: 'low', share: '{percent} of buyers',
    group: groups.en,
    advice: { champion: 'The best: first to see what is new; ask them to bring friends', grow: 'Spent much, came lately: help them make it a habit', keep: 'Regulars who stay away: ask how they are', win_back: 'Spent much and drifting off: worth a call', loyal: 'Come often, spend little: show sets and larger sizes', new: 'A first small order: win the second', fading: 'Small regulars of old: an offer may wake them', gone: 'A small order long ago: do not press' },
    repeat: 'Repeat rate', repeatNote: 'Who bought again within so many days of the first purchase', within: 'Within {days} days', of: '{again} of {buyers} buyers', tooYoung: 'No buyer is {days} days old yet',
    cohorts: 'Retention by month of first purchase', cohortsNote: 'Of each month’s new buyers, how many bought in each later month', month: 'First bought', buyers: 'New buyers', later: 'Month {n}', others: 'with {count} customers from before who are no fans yet',
    buyersOf: '{buyers} buyers among {fans} fans',
  },
}

export default messages
