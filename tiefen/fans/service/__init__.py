"""The verbs of the fans room, by chapter."""

from tiefen.fans.service.attributes import (
    define_attribute,
    edit_attribute,
    order_attributes,
    reveal_answer,
    set_answers,
)
from tiefen.fans.service.identity import (
    follow,
    learn_unionid,
    merge,
    openid_of,
    person_ids,
    records_of,
    resolve,
    scan,
    unfollow,
)
from tiefen.fans.service.profile import (
    brief,
    core_target_bp,
    edit_profile,
    edit_remark,
    name_source,
    quiet_fans,
    reveal,
    set_source,
    stage_counts,
    trade_facts,
)
from tiefen.fans.service.signin import (
    ask_unionids,
    forget_used_states,
    oauth_url,
    sign_in_mini,
    sign_in_oauth,
)
from tiefen.fans.service.stages import apply_rules, check_due, publish_rules
from tiefen.fans.service.timeline import brought_friend, rebuild_counters, record

__all__ = [
    "apply_rules",
    "ask_unionids",
    "brief",
    "brought_friend",
    "check_due",
    "core_target_bp",
    "define_attribute",
    "edit_attribute",
    "edit_profile",
    "edit_remark",
    "follow",
    "forget_used_states",
    "learn_unionid",
    "merge",
    "name_source",
    "oauth_url",
    "openid_of",
    "order_attributes",
    "person_ids",
    "publish_rules",
    "quiet_fans",
    "rebuild_counters",
    "record",
    "records_of",
    "resolve",
    "reveal",
    "reveal_answer",
    "scan",
    "set_answers",
    "set_source",
    "sign_in_mini",
    "sign_in_oauth",
    "stage_counts",
    "trade_facts",
    "unfollow",
]
