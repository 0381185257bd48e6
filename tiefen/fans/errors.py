"""Refusals of the fans room."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound, Unauthorised


class FanMissing(NotFound):
    """No such fan."""

    code = "fans.missing"
    zh = "没有找到这位粉丝"
    en = "No such fan"


class OAuthStateRefused(Unauthorised):
    """The state is forged, expired, used before, or belongs to another browser."""

    code = "fans.oauth_state_refused"
    zh = "登录已失效，请返回重新进入"
    en = "This sign-in has expired; go back and enter again"


class SnapshotVisitor(Conflict):
    """WeChat gave a throw-away identity of its snapshot page: nothing may be bound to it."""

    code = "fans.snapshot_visitor"
    zh = "当前为微信快照页，请点击右下角“使用完整服务”后继续"
    en = "This is a WeChat snapshot page; choose “full service” at the bottom to go on"


class RedirectRefused(Invalid):
    """A sign-in may only return to a page of ours."""

    code = "fans.redirect_refused"
    zh = "只能返回本商城的页面"
    en = "A sign-in can only return to a page of this shop"


class NothingToReveal(NotFound):
    """The fan has no such data."""

    code = "fans.nothing_to_reveal"
    zh = "这位粉丝没有登记此项信息"
    en = "This fan has not given this information"


class PhoneMalformed(Invalid):
    """Not a mainland mobile number."""

    code = "fans.phone_malformed"
    zh = "请输入 11 位手机号"
    en = "Enter an 11-digit mobile number"


class StageRulesMalformed(Invalid):
    """Rules of the stages that make no sense; `field` says which."""

    code = "fans.stage_rules_malformed"
    zh = "阶段规则有误：{zh_reason}"
    en = "The stage rules do not hold together: {en_reason}"


class StageRulesMoved(Conflict):
    """Somebody else published other rules meanwhile."""

    code = "fans.stage_rules_moved"
    zh = "有人刚发布了第 {version} 版规则，请刷新后再改"
    en = "Version {version} of the rules was published meanwhile; look again before changing them"


class AttributeMissing(NotFound):
    """No such question."""

    code = "fans.attribute_missing"
    zh = "没有这一项资料"
    en = "No such attribute"


class AttributeKeyTaken(Conflict):
    """Two questions with one key."""

    code = "fans.attribute_key_taken"
    zh = "标识「{key}」已经用过了"
    en = "The key “{key}” is taken"


class QuestionWrong(Invalid):
    """A question nobody could answer. Raised with `field`, `zh_reason`, `en_reason`."""

    code = "fans.question_wrong"
    zh = "{zh_reason}"
    en = "{en_reason}"


class AnswerWrong(Invalid):
    """Not an answer to this question. Raised with `field`, `zh_reason`, `en_reason`."""

    code = "fans.answer_wrong"
    zh = "{zh_reason}"
    en = "{en_reason}"


class AnswerMissing(Invalid):
    """A required question is left empty."""

    code = "fans.answer_missing"
    zh = "请填写{label}"
    en = "Please fill in {label}"


class TooManyAttributes(Conflict):
    """More questions than a form can be read with."""

    code = "fans.too_many_attributes"
    zh = "最多 {limit} 项资料，请先停用不再需要的"
    en = "At most {limit} attributes; archive one first"


class RuleWrong(Invalid):
    """A rule that cannot be read; `field` is the path of the node. With `zh_reason`, `en_reason`."""

    code = "fans.rule_wrong"
    zh = "{zh_reason}"
    en = "{en_reason}"


class SegmentMissing(NotFound):
    """No such segment."""

    code = "fans.segment_missing"
    zh = "没有这个人群"
    en = "No such segment"


class SegmentNameTaken(Conflict):
    """Two segments with one name."""

    code = "fans.segment_name_taken"
    zh = "已经有叫「{name}」的人群了"
    en = "There is a segment called “{name}” already"


class SegmentCircle(Invalid):
    """A rule that names itself, directly or through others."""

    code = "fans.segment_circle"
    zh = "人群不能绕一圈引用自己：{names}"
    en = "A segment cannot refer to itself through others: {names}"


class SegmentInUse(Conflict):
    """Another segment is made of this one."""

    code = "fans.segment_in_use"
    zh = "「{name}」还在用它，请先修改"
    en = "“{name}” is made of it; change that first"


class NotByHand(Conflict):
    """Members of a rule are not added by hand."""

    code = "fans.segment_not_by_hand"
    zh = "这个人群由规则决定，不能手工增减"
    en = "A rule decides who is in; nobody is added or removed by hand"


class TagMissing(NotFound):
    """No such tag."""

    code = "fans.tag_missing"
    zh = "没有这个标签"
    en = "No such tag"


class TagNameTaken(Conflict):
    """Two tags with one name."""

    code = "fans.tag_name_taken"
    zh = "已经有标签「{name}」了"
    en = "There is a tag “{name}” already"


class TagInUse(Conflict):
    """A segment looks at the tag."""

    code = "fans.tag_in_use"
    zh = "人群「{name}」用到了这个标签，请先修改它"
    en = "The segment “{name}” uses this tag; change it first"


class TooManyTags(Conflict):
    """More tags than a person can choose from."""

    code = "fans.too_many_tags"
    zh = "最多 {limit} 个标签"
    en = "At most {limit} tags"


class BulkMissing(NotFound):
    """No such bulk action."""

    code = "fans.bulk_missing"
    zh = "没有这个批量操作"
    en = "No such bulk action"


class SyncRunning(Conflict):
    """The platform's tags are being read already."""

    code = "fans.tag_sync_running"
    zh = "正在从公众号读取标签，请稍候"
    en = "The tags of the Official Account are being read already"


class ImportRunning(Conflict):
    """The account's followers are being imported already, or this import is over."""

    code = "fans.import_running"
    zh = "关注者导入正在进行或已经完成"
    en = "The followers are being imported already, or this import is over"


class ImportMissing(NotFound):
    """No such import, or a later one was begun."""

    code = "fans.import_missing"
    zh = "没有这次导入，或之后已有新的导入"
    en = "There is no such import, or a later one was begun"


class TooManySegments(Conflict):
    """More saved segments than are kept up to date."""

    code = "fans.too_many_segments"
    zh = "最多 {limit} 个人群，请先归档不用的"
    en = "At most {limit} segments; archive one first"


class BulkUnclear(Invalid):
    """A bulk action without a target or without fans."""

    code = "fans.bulk_unclear"
    zh = "请选择要操作的粉丝和标签（或名单）"
    en = "Choose the fans and the tag (or list)"


class TagRuleMissing(NotFound):
    """No such rule."""

    code = "fans.tag_rule_missing"
    zh = "没有这条自动规则"
    en = "No such rule"


class SamePerson(Conflict):
    """The two are one person already."""

    code = "fans.same_person"
    zh = "这两条记录已经是同一位粉丝"
    en = "These two are one fan already"


class MergeMissing(NotFound):
    """No such join of records."""

    code = "fans.merge_missing"
    zh = "没有找到这次合并"
    en = "No such merge"


class MergeUndone(Conflict):
    """The join was undone before."""

    code = "fans.merge_undone"
    zh = "这次合并已经撤销过了"
    en = "This merge was undone already"


class SameUnionid(Conflict):
    """WeChat says that both sides are one person."""

    code = "fans.same_unionid"
    zh = "微信确认两边是同一个人（unionid 相同），不能撤销合并"
    en = "WeChat says both sides are one person (same unionid); the merge cannot be undone"


class WecomTaken(Conflict):
    """The id is another fan's."""

    code = "fans.wecom_taken"
    zh = "这个企微客户已经记在粉丝 #{fan_id} 名下；确实是同一个人时，请合并两条记录"
    en = "This WeCom contact stands under fan #{fan_id}; if both are one person, merge them"


class WecomMissing(NotFound):
    """No such id of this fan, or one that the platform itself told."""

    code = "fans.wecom_missing"
    zh = "没有这个企微身份，或者它不是手工记下的"
    en = "There is no such WeCom identity, or it was not put down by hand"


class OwnerUnfit(Invalid):
    """Who is to look after a fan is not, or no longer, on the team."""

    code = "fans.owner_unfit"
    zh = "负责人必须是在职员工"
    en = "Only active members of the team can look after fans"


class FollowUpUnfit(Invalid):
    """A follow-up is planned for today or a day of the next year."""

    code = "fans.follow_up_unfit"
    zh = "跟进日期要在今天到一年之内"
    en = "A follow-up is planned for today or a day within a year"


class NothingPlanned(Conflict):
    """There is no follow-up to be done: somebody was quicker, or none was planned."""

    code = "fans.nothing_planned"
    zh = "这位粉丝没有待跟进的事项，可能同事刚刚处理过"
    en = "Nothing is planned for this fan; a colleague may just have done it"


class PersonErased(Conflict):
    """The personal data of this person was removed."""

    code = "fans.erased"
    zh = "这位粉丝的个人信息已经清除"
    en = "The personal data of this fan was erased"


class RequestOpen(Conflict):
    """The same was asked before and is not finished."""

    code = "fans.request_open"
    zh = "已经有一个同样的申请在处理中"
    en = "The same request is already being handled"


class RequestMissing(NotFound):
    """No such request of this person."""

    code = "fans.request_missing"
    zh = "没有找到这个申请"
    en = "No such request"


class RequestOver(Conflict):
    """It can no longer be fetched or taken back."""

    code = "fans.request_over"
    zh = "这个申请已经过期或已经开始，不能再操作"
    en = "The request has expired or has begun"


class PastColumnsWrong(Invalid):
    """The columns of a file of purchases are not named so that it can be read."""

    code = "fans.past_columns_wrong"
    zh = "{zh_reason}"
    en = "Columns: {en_reason}"


class PastImportMissing(NotFound):
    """No such import of purchases."""

    code = "fans.past_import_missing"
    zh = "没有这次导入"
    en = "There is no such import"


class PastImportMoved(Conflict):
    """The import is at another step; look again."""

    code = "fans.past_import_moved"
    zh = "这次导入的状态已经变化，请刷新后再试"
    en = "This import is at another step by now; look again"


class PastFileEmpty(Invalid):
    """The file has a heading at most."""

    code = "fans.past_file_empty"
    zh = "文件里没有数据：第一行是列名，从第二行起一行一次购买"
    en = "The file is empty: a heading first, then a line for each purchase"


class PlacesOff(Conflict):
    """The merchant keeps no places, so there is nothing to agree to."""

    code = "fans.places_off"
    zh = "商家没有开启位置功能"
    en = "This shop keeps no places"


class PointMissing(NotFound):
    """No such point."""

    code = "fans.point_missing"
    zh = "没有这个地点"
    en = "No such point"


class PointNameTaken(Conflict):
    """Two points of one name would be confused."""

    code = "fans.point_name_taken"
    zh = "已经有叫「{name}」的地点了"
    en = "There is a point called “{name}” already"


class PointInUse(Conflict):
    """A segment asks for this point."""

    code = "fans.point_in_use"
    zh = "人群「{name}」还在用它，请先修改"
    en = "The segment “{name}” uses it; change that first"


class TooManyPoints(Conflict):
    """More points than a person chooses from."""

    code = "fans.too_many_points"
    zh = "最多 {limit} 个地点"
    en = "At most {limit} points"
