"""The verbs of the fans room, by chapter."""

from tiefen.fans.service.identity import (
    follow,
    learn_unionid,
    merge,
    openid_of,
    person_ids,
    resolve,
    scan,
    unfollow,
)
from tiefen.fans.service.profile import (
    brief,
    edit_profile,
    edit_remark,
    name_source,
    reveal,
    set_source,
    stage_counts,
)
from tiefen.fans.service.signin import (
    ask_unionids,
    forget_used_states,
    oauth_url,
    sign_in_mini,
    sign_in_oauth,
)
from tiefen.fans.service.timeline import find_lost, rebuild_counters, record

__all__ = [
    "ask_unionids",
    "brief",
    "edit_profile",
    "edit_remark",
    "find_lost",
    "follow",
    "forget_used_states",
    "learn_unionid",
    "merge",
    "name_source",
    "oauth_url",
    "openid_of",
    "person_ids",
    "rebuild_counters",
    "record",
    "resolve",
    "reveal",
    "scan",
    "set_source",
    "sign_in_mini",
    "sign_in_oauth",
    "stage_counts",
    "unfollow",
]
