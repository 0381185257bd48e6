"""Refusals of referral."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class BadCode(NotFound):
    """Not a link of ours."""

    code = "referral.bad_code"
    zh = "链接不对或已失效"
    en = "This link is not valid"


class BadRules(Invalid):
    """Rules that make no sense; the field says where."""

    code = "referral.bad_rules"
    zh = "{why_zh}"
    en = "{why_en}"


class RulesEdited(Conflict):
    """Somebody else saved them in the meantime."""

    code = "referral.rules_edited_elsewhere"
    zh = "别人刚刚改过规则，请刷新后再改"
    en = "Somebody else has just changed the rules; reload and try again"


class BondMissing(NotFound):
    """No such bond, or nothing to decide about it."""

    code = "referral.bond_missing"
    zh = "没有这条待审核的关系"
    en = "Nothing to decide here"


class DebtMissing(NotFound):
    """No such debt."""

    code = "referral.debt_missing"
    zh = "没有这笔待追回的奖励"
    en = "No such debt"
