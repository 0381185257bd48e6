"""What the console sends to and gets from the team room."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from tiefen.kernel.http import IdIn, In, Out
from tiefen.team.values import ActorKind, Permission

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Account = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{1,63}$"
    ),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=20)]


class SignIn(In):
    """Account and password; `totp` takes a six-digit code or a recovery code."""

    account: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    password: Password
    totp: Code | None = None


class RoleBrief(Out):
    """A role as shown beside a person."""

    id: int
    name: str
    owner: bool


class Me(Out):
    """Who is signed in, and what they may do."""

    id: int
    account: str
    name: str
    department: str
    permissions: list[Permission]
    roles: list[RoleBrief]
    totp: bool
    wechat_bound: bool
    order_push: bool
    merchant: str
    merchant_name: str


class MePatch(In):
    """What people may change about themselves."""

    name: Name | None = None
    order_push: bool | None = None


class PasswordChange(In):
    """The current password and the new one."""

    current: Password
    new: Password


class TotpSetup(Out):
    """A secret to put in the authenticator; nothing changes until it is confirmed."""

    secret: str
    uri: str
    image: str
    """a QR code as an SVG data URI"""


class TotpConfirm(In):
    """A code that proves the authenticator works."""

    code: Code


class RecoveryCodes(Out):
    """Shown once."""

    codes: list[str]


class TotpRemove(In):
    """Switching the second step off asks for the password again."""

    password: Password


class StaffOut(Out):
    """A member of staff."""

    id: int
    account: str
    name: str
    department: str
    active: bool
    roles: list[RoleBrief]
    totp: bool
    wechat_bound: bool
    created_at: datetime
    last_seen_at: datetime | None


class StaffCreate(In):
    """A new member of staff."""

    account: Account
    name: Name
    password: Password
    department: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] = ""
    role_ids: list[IdIn] = Field(min_length=1, max_length=20)


class StaffPatch(In):
    """Changes to a member of staff; what is absent stays."""

    name: Name | None = None
    department: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40)] | None = (
        None
    )
    role_ids: list[IdIn] | None = Field(default=None, min_length=1, max_length=20)
    active: bool | None = None


class PasswordReset(In):
    """A new password for somebody else; ends their sessions."""

    password: Password


class RoleOut(Out):
    """A role."""

    id: int
    name: str
    owner: bool
    permissions: list[Permission]
    staff: int
    """how many people hold it"""


class RoleIn(In):
    """A role to create or to replace."""

    name: Name
    permissions: list[Permission] = Field(max_length=100)


class ApiKeyOut(Out):
    """An API key, without the key."""

    id: int
    name: str
    prefix: str
    permissions: list[Permission]
    created_by: int
    created_by_name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class ApiKeyIn(In):
    """A key to make; `days` of life, None = until revoked."""

    name: Name
    permissions: list[Permission] = Field(min_length=1, max_length=100)
    days: int | None = Field(default=None, ge=1, le=3650)


class ApiKeyMade(Out):
    """The key, shown once."""

    id: int
    key: str


class AuditOut(Out):
    """One act, as recorded."""

    seq: int
    at: datetime
    actor_kind: ActorKind
    actor_id: int
    actor_name: str
    action: str
    target: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    request_id: str
