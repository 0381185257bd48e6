"""Permissions and the frozen values of the team room."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

OWNER_ROLE = "owner"
"""Key of the built-in role that holds every permission, also those added later."""


BIND_PREFIX = "b."
"""Scenes of codes that bind a member of staff's WeChat begin with this."""
SESSION_LIFE = timedelta(hours=12)
"""How long a member of staff stays signed in."""
BIND_CODE_LIFE = timedelta(minutes=10)


class Permission(StrEnum):
    """One thing a member of staff may do. The value is what routes, sessions and the faces name."""

    OVERVIEW_READ = "overview.read"
    """see the overview and its to-dos"""
    FANS_READ = "fans.read"
    """see fans; personal data stays masked"""
    FANS_WRITE = "fans.write"
    """edit what the merchant noted about a fan"""
    FANS_REVEAL = "fans.reveal"
    """see one personal field in clear, with a reason that is audited"""
    FANS_PRIVACY = "fans.privacy"
    """export or erase what is known of one person"""
    STAGES_WRITE = "stages.write"
    """publish other rules for the stages of fans"""
    CHANNELS_READ = "channels.read"
    CHANNELS_WRITE = "channels.write"
    CHANNELS_DECIDE = "channels.decide"
    """decide appeals on where a fan came from, and how a model weighs touches"""
    BOTTLES_READ = "bottles.read"
    BOTTLES_WRITE = "bottles.write"
    """make bottle codes, take their print files, hand them out, close alarms"""
    RESULTS_READ = "results.read"
    """see what everybody's channel codes brought; one's own needs no permission"""
    GOODS_READ = "goods.read"
    GOODS_WRITE = "goods.write"
    GOODS_COST = "goods.cost"
    """see and change what goods cost the merchant"""
    STOCK_WRITE = "stock.write"
    """change stock by hand"""
    PROMOTIONS_READ = "promotions.read"
    PROMOTIONS_WRITE = "promotions.write"
    """write, publish and end promotions that lose no money"""
    PROMOTIONS_APPROVE = "promotions.approve"
    """publish one that may lose money, with a reason; set the margin guard"""
    MEMBERS_READ = "members.read"
    MEMBERS_WRITE = "members.write"
    """make levels, set what counts, lock a fan's level by hand; the same for points"""
    ORDERS_READ = "orders.read"
    ORDERS_SHIP = "orders.ship"
    """record parcels"""
    ORDERS_REFUND = "orders.refund"
    """approve or reject after-sales; moves money"""
    MONEY_READ = "money.read"
    """payments, refunds, suspense, ledger"""
    HELPDESK_READ = "helpdesk.read"
    HELPDESK_WRITE = "helpdesk.write"
    TEAM_READ = "team.read"
    """see staff, roles and the audit log"""
    TEAM_WRITE = "team.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    JOBS_READ = "jobs.read"
    JOBS_WRITE = "jobs.write"
    """retry dead jobs"""


ALL_PERMISSIONS = frozenset(permission.value for permission in Permission)


class ActorKind(StrEnum):
    """Who acted, in the audit log."""

    STAFF = "staff"
    API_KEY = "api_key"
    """a program with a key; the id is 0, the name is the key's"""
    FAN = "fan"
    SYSTEM = "system"
    """a job, a command or a cron line"""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it. `id` is 0 for the system, whose name says which part of it acted."""

    kind: ActorKind
    id: int
    name: str

    @classmethod
    def system(cls, name: str) -> "Actor":
        """An actor for a job or command, named after it."""
        return cls(ActorKind.SYSTEM, 0, name)


@dataclass(frozen=True, slots=True)
class StaffBrief:
    """What other rooms show of a member of staff."""

    id: int
    name: str
    department: str
    active: bool


@dataclass(frozen=True, slots=True)
class StaffContact:
    """Where a notice reaches a member of staff."""

    staff_id: int
    app_id: str
    openid: str


BUILT_IN_ROLES: tuple[tuple[str, tuple[Permission, ...]], ...] = (
    (
        "店长",
        tuple(p for p in Permission if p not in {Permission.TEAM_WRITE, Permission.SETTINGS_WRITE}),
    ),
    (
        "客服",
        (
            Permission.FANS_READ,
            Permission.FANS_WRITE,
            Permission.MEMBERS_READ,
            Permission.ORDERS_READ,
            Permission.HELPDESK_READ,
            Permission.HELPDESK_WRITE,
        ),
    ),
    (
        "运营",
        (
            Permission.OVERVIEW_READ,
            Permission.FANS_READ,
            Permission.CHANNELS_READ,
            Permission.CHANNELS_WRITE,
            Permission.BOTTLES_READ,
            Permission.BOTTLES_WRITE,
            Permission.RESULTS_READ,
            Permission.GOODS_READ,
            Permission.GOODS_WRITE,
            Permission.GOODS_COST,
            Permission.PROMOTIONS_READ,
            Permission.PROMOTIONS_WRITE,
            Permission.MEMBERS_READ,
            Permission.MEMBERS_WRITE,
            Permission.HELPDESK_READ,
            Permission.HELPDESK_WRITE,
        ),
    ),
    (
        "仓库",
        (
            Permission.GOODS_READ,
            Permission.STOCK_WRITE,
            Permission.ORDERS_READ,
            Permission.ORDERS_SHIP,
        ),
    ),
    (
        "财务",
        (
            Permission.OVERVIEW_READ,
            Permission.ORDERS_READ,
            Permission.ORDERS_REFUND,
            Permission.MONEY_READ,
        ),
    ),
)
"""Roles a new merchant begins with; they may be changed or deleted."""
