"""Frozen values of the fans room."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Stage(StrEnum):
    """Where a fan stands, by what they did; `rules.stage` decides and says why."""

    VISITOR = "visitor"
    """访客: met us, follows nowhere, bought nothing"""
    FOLLOWER = "follower"
    """关注者: follows an account of ours"""
    CUSTOMER = "customer"
    """客户: paid at least once"""
    USER = "user"
    """用户: received what they paid for"""
    FAN = "fan"
    """粉丝: came back and received a second order"""
    CORE = "core"
    """铁粉: keeps coming back and keeps talking to us"""
    LOST = "lost"
    """流失: left every account of ours, or has long been silent after buying"""


class Happening(StrEnum):
    """Kinds of lines in a fan's timeline."""

    JOINED = "joined"
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"
    SCANNED = "scanned"
    SOURCED = "sourced"
    """the first source was found"""
    MESSAGE_IN = "message_in"
    MESSAGE_OUT = "message_out"
    MENU = "menu"
    ORDER_PLACED = "order_placed"
    ORDER_PAID = "order_paid"
    ORDER_SHIPPED = "order_shipped"
    ORDER_RECEIVED = "order_received"
    ORDER_CLOSED = "order_closed"
    ORDER_REFUNDED = "order_refunded"
    AFTER_SALE = "after_sale"
    STAGE = "stage"
    """moved to another stage"""
    PROFILE = "profile"
    """the fan or staff changed the profile"""
    MERGED = "merged"
    PARTED = "parted"
    """a join was undone"""
    CONTACT = "contact"
    """said whether we may write to them"""
    ERASED = "erased"
    """their personal data was removed"""
    VISITED = "visited"
    """looked at a product; one line a day and product"""
    ATTRIBUTE = "attribute"
    """answered one of the merchant's questions, or staff did for them"""
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    OWNED = "owned"
    """another member of staff looks after them, or nobody"""
    FRIEND = "friend"
    """a friend they brought bought something"""
    LEVEL = "level"
    """moved to another member level"""
    FOLLOWED_UP = "followed_up"
    """staff did what they had planned to do for the fan"""


INTERACTIONS = frozenset(
    {Happening.FOLLOWED, Happening.SCANNED, Happening.MESSAGE_IN, Happening.MENU}
)
"""What counts as an interaction with us, apart from buying."""
SEEN = INTERACTIONS | {
    Happening.JOINED,
    Happening.ORDER_PLACED,
    Happening.ORDER_PAID,
    Happening.ORDER_RECEIVED,
    Happening.AFTER_SALE,
}
"""What proves the fan was here at that time."""


class FactKind(StrEnum):
    """What a fan can have done, as rules name it."""

    PLACED = "placed"
    """placed an order, paid or not"""
    BOUGHT = "bought"
    """paid an order (of a product)"""
    PAST_BOUGHT = "past_bought"
    """bought elsewhere before, as imported"""
    RECEIVED = "received"
    REFUNDED = "refunded"
    AFTER_SALE = "after_sale"
    """asked for money back"""
    VISITED = "visited"
    """looked at a product; once a day and product"""
    ASKED = "asked"
    """wrote a message that holds a word"""
    WROTE = "wrote"
    """wrote any message"""
    MENU = "menu"
    SCANNED = "scanned"
    FOLLOWED = "followed"
    UNFOLLOWED = "unfollowed"


FACTS: dict[Happening, FactKind] = {
    Happening.ORDER_PLACED: FactKind.PLACED,
    Happening.ORDER_PAID: FactKind.BOUGHT,
    Happening.ORDER_RECEIVED: FactKind.RECEIVED,
    Happening.ORDER_REFUNDED: FactKind.REFUNDED,
    Happening.AFTER_SALE: FactKind.AFTER_SALE,
    Happening.VISITED: FactKind.VISITED,
    Happening.MESSAGE_IN: FactKind.WROTE,
    Happening.MENU: FactKind.MENU,
    Happening.SCANNED: FactKind.SCANNED,
    Happening.FOLLOWED: FactKind.FOLLOWED,
    Happening.UNFOLLOWED: FactKind.UNFOLLOWED,
}
"""Lines of the timeline that are facts for rules."""


class AttributeKind(StrEnum):
    """What an answer looks like."""

    TEXT = "text"
    NUMBER = "number"
    """up to three decimals"""
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"
    """several of the options"""
    YES_NO = "yes_no"


class Author(StrEnum):
    """Who said or gave something."""

    STAFF = "staff"
    FAN = "fan"
    BULK = "bulk"
    """staff, on many fans at once"""
    CODE = "code"
    """a channel code"""
    RULE = "rule"
    """behaviour"""
    PLATFORM = "platform"
    """the 公众号"""
    MERGE = "merge"
    """came with a record that was joined"""


class SyncState(StrEnum):
    """Where a long reading stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class SegmentKind(StrEnum):
    """How a segment knows its members."""

    RULE = "rule"
    FIXED = "fixed"
    """a list kept by hand"""


class SegmentState(StrEnum):
    """Whether the members are known."""

    FILLING = "filling"
    READY = "ready"
    BROKEN = "broken"
    """the rule no longer makes sense: a tag, attribute or segment it names is gone"""


class BulkDeed(StrEnum):
    """What can be done to many fans at once."""

    TAG = "tag"
    UNTAG = "untag"
    LIST = "list"
    """add to a list kept by hand"""
    UNLIST = "unlist"
    OWN = "own"
    """give to a member of staff to look after, or to nobody"""


class BulkState(StrEnum):
    """How far a deed is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """by a person"""
    FAILED = "failed"


class IdentityPlatform(StrEnum):
    """Where an id of a fan is from."""

    OFFICIAL = "official"
    """公众号 or 服务号"""
    MINI = "mini"
    """小程序"""
    WECOM = "wecom"
    """企业微信: an external contact of a company"""
    OTHER = "other"
    """an app that is the merchant's no more"""


class PersonalField(StrEnum):
    """Personal data that is sealed and shown masked."""

    PHONE = "phone"
    REAL_NAME = "real_name"


class FanSort(StrEnum):
    """Orders of the fan list; each has an index."""

    NEWEST = "newest"
    LAST_SEEN = "last_seen"
    SPEND = "spend"
    ORDERS = "orders"


@dataclass(frozen=True, slots=True)
class FanBrief:
    """What other rooms show of a fan."""

    id: int
    name: str
    avatar_url: str
    stage: Stage
    source: str
    """name of the first channel code, empty when the fan came by themselves"""


@dataclass(frozen=True, slots=True)
class LevelTold:
    """A move to another member level, as members tells it for the timeline."""

    fan_id: int
    ref: str
    before: str
    after: str
    up: bool
    cause: str


@dataclass(frozen=True, slots=True)
class FanFacts:
    """What the stage is computed from. Money is net of nothing: paid and refunded stand apart."""

    following: bool
    ever_followed: bool
    orders: int
    received_orders: int
    whole_refunds: int
    """orders refunded whole: they do not make a customer"""
    returned_orders: int
    """orders refunded whole after they had been received"""
    paid_fen: int
    refunded_fen: int
    interactions: int
    friends: int
    """friends they brought who bought"""
    last_seen_at: datetime
    last_paid_at: datetime | None
    past_orders: int = 0
    """purchases made elsewhere before, as imported: as good as orders paid and received"""
    past_fen: int = 0
    past_last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DayCount:
    """What a fan did on one day of the merchant's."""

    day: date
    interactions: int = 0
    received: int = 0
    """orders received that day and not sent back whole since, and purchases made elsewhere"""
    friends: int = 0


class Measure(StrEnum):
    """What a stage may ask for."""

    ORDERS = "orders"
    """paid orders that were not refunded whole"""
    RECEIVED = "received"
    """received orders that were not refunded whole"""
    KEPT_FEN = "kept_fen"
    """money paid and not refunded"""
    INTERACTIONS = "interactions"
    FRIENDS = "friends"
    """friends they brought who bought"""


WINDOWED = frozenset({Measure.RECEIVED, Measure.INTERACTIONS, Measure.FRIENDS})
"""Measures that are also kept by day, so that they can be asked for within a window."""


@dataclass(frozen=True, slots=True)
class Condition:
    """At least so much of a measure; `within_days`: counting today and the days before it."""

    measure: Measure
    at_least: int
    within_days: int | None = None


@dataclass(frozen=True, slots=True)
class StageRule:
    """What a stage asks for: every one of `every`, and one of `one_of` if there are any."""

    every: tuple[Condition, ...]
    one_of: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class StageRules:
    """The merchant's rules. A follower follows; who does neither is a visitor."""

    customer: StageRule
    user: StageRule
    fan: StageRule
    core: StageRule
    silent_days: int
    """a buyer not seen for so many days is lost; so is who left and bought nothing for as long"""
    follower_silent_days: int | None
    """the same for followers who never bought; None = they may stay silent"""
    sleeping_days: int
    """not seen for so many days, and not lost: sleeping"""
    core_target_bp: int
    """the share of core fans among all followers and buyers to aim at"""


DEFAULT_RULES = StageRules(
    customer=StageRule((Condition(Measure.ORDERS, 1),)),
    user=StageRule((Condition(Measure.RECEIVED, 1),)),
    fan=StageRule(
        (Condition(Measure.RECEIVED, 2, 180), Condition(Measure.INTERACTIONS, 2, 180)),
    ),
    core=StageRule(
        (Condition(Measure.RECEIVED, 4, 365),),
        (Condition(Measure.INTERACTIONS, 6, 180), Condition(Measure.FRIENDS, 1, 365)),
    ),
    silent_days=180,
    follower_silent_days=None,
    sleeping_days=60,
    core_target_bp=2_000,
)
"""What a merchant begins with: received, came back within half a year, keeps coming and talking or
brings friends; a fifth of all should be core fans."""


class MoveCause(StrEnum):
    """Why a fan moved to another stage."""

    EVENT = "event"
    """they did something, or an order of theirs moved"""
    TIME = "time"
    """days passed"""
    RULES = "rules"
    """the merchant published other rules"""
    RECOUNT = "recount"
    """counters were rebuilt"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a stage, or one still missing for the next: `have` of `need`."""

    fact: str
    have: int
    need: int
    within_days: int | None = None
    either: bool = False
    """one of several of which one is enough"""

    @property
    def met(self) -> bool:
        """Whether there is enough of it."""
        return self.have >= self.need


@dataclass(frozen=True, slots=True)
class Standing:
    """A stage with its reasons, and what is missing for the next one.

    `due`: the first day on which days alone may change the stage; None = never.
    """

    stage: Stage
    because: tuple[Evidence, ...]
    next_stage: Stage | None
    missing: tuple[Evidence, ...] = field(default=())
    due: date | None = None


@dataclass(frozen=True, slots=True)
class QuietFan:
    """A fan who sleeps or is lost, and the last thing they did."""

    id: int
    name: str
    avatar_url: str
    stage: Stage
    following: bool
    last_seen_at: datetime
    orders: int
    paid_fen: int
    last_kind: Happening | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class TradeFacts:
    """What prices may ask of a fan."""

    joined_at: datetime
    orders: int
    """Paid, and not wholly given back."""


@dataclass(frozen=True, slots=True)
class StageCount:
    """How many fans stand where."""

    stage: Stage
    fans: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question about fans, as rules look at it. Numbers are in thousandths."""

    id: int
    key: str
    label: str
    kind: AttributeKind
    options: tuple[str, ...] = ()
    minimum_milli: int | None = None
    maximum_milli: int | None = None
    required: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A clean answer: one of these is set."""

    word: str | None = None
    number_milli: int | None = None
    day: date | None = None
    yes: bool | None = None
    words: tuple[str, ...] | None = None
