"""The verbs of the team room, by chapter."""

from tiefen.team.queries import merchant_name
from tiefen.team.service.audit import record_audit
from tiefen.team.service.keys import load_api_key, make_api_key, revoke_api_key
from tiefen.team.service.notices import (
    bind_by_scene,
    bind_wechat,
    enter_by_wechat,
    make_bind_code,
    order_contacts,
    unbind_wechat,
)
from tiefen.team.service.signin import (
    change_password,
    confirm_totp,
    edit_me,
    remove_totp,
    sign_in,
    sign_out,
    start_totp,
)
from tiefen.team.service.staff import (
    actor_names,
    add_role,
    add_staff,
    delete_role,
    edit_role,
    edit_staff,
    found_team,
    load_staff,
    reset_password,
    reset_totp,
    staff_briefs,
)

__all__ = [
    "actor_names",
    "add_role",
    "add_staff",
    "bind_by_scene",
    "bind_wechat",
    "change_password",
    "confirm_totp",
    "delete_role",
    "edit_me",
    "edit_role",
    "edit_staff",
    "enter_by_wechat",
    "found_team",
    "load_api_key",
    "load_staff",
    "make_api_key",
    "make_bind_code",
    "merchant_name",
    "order_contacts",
    "record_audit",
    "remove_totp",
    "reset_password",
    "reset_totp",
    "revoke_api_key",
    "sign_in",
    "sign_out",
    "staff_briefs",
    "start_totp",
    "unbind_wechat",
]
