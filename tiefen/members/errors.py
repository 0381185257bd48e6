"""What members refuses."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class BadLevels(Invalid):
    """Levels that make no sense; the field says where."""

    code = "members.bad_levels"
    zh = "{why_zh}"
    en = "{why_en}"


class LevelsEdited(Conflict):
    """Somebody else saved them in the meantime."""

    code = "members.levels_edited_elsewhere"
    zh = "别人刚刚改过会员等级，请刷新后再改"
    en = "Somebody else has just changed the levels; reload and try again"


class LevelsFall(Conflict):
    """More fans would lose their level, because it goes, than whoever saves has been told."""

    code = "members.levels_fall"
    zh = "删除的等级上有粉丝，会有 {fans} 位降级；没有保存，请看过人数后确认"
    en = "{fans} fans stand on levels that go and would fall; nothing was saved: look at the number and confirm"


class LevelInUse(Conflict):
    """A segment looks at a level that is to go."""

    code = "members.level_in_use"
    zh = "人群「{segment}」用到了等级「{level}」，请先修改它"
    en = "The segment “{segment}” uses the level “{level}”; change it first"


class LevelMissing(NotFound):
    """No level of ours."""

    code = "members.level_missing"
    zh = "没有这个会员等级"
    en = "There is no such level"


class LockOver(Invalid):
    """A lock ends in the future, within ten years."""

    code = "members.lock_over"
    zh = "锁定的截止日期要在今天之后、十年之内"
    en = "A lock must end after today and within ten years"


class PointsEdited(Conflict):
    """Somebody else saved the rules in the meantime."""

    code = "members.points_edited_elsewhere"
    zh = "别人刚刚改过积分规则，请刷新后再改"
    en = "Somebody else has just changed the rules of points; reload and try again"


class PointsShort(Conflict):
    """The fan has fewer points than that."""

    code = "members.points_short"
    zh = "积分不够"
    en = "There are not enough points"
