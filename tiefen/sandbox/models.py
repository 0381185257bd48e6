"""The sandbox's entities. Times are unix seconds of world time, amounts integer fen."""

from typing import Any, Literal

from msgspec import Struct, field

AppKind = Literal["oa", "mini"]


class Meta(Struct):
    boots: int = 0
    next_fan: int = 1
    next_wire: int = 1


class Template(Struct):
    template_id: str
    title: str
    content: str


class App(Struct):
    """A 公众号/服务号 (kind oa) or a 小程序 (kind mini)."""

    kind: AppKind
    key: str
    name: str
    app_id: str
    secret: str
    token: str
    aes_key: str
    original_id: str
    callback_url: str = ""
    push_mode: Literal["plain", "compat", "safe"] = "safe"
    data_format: Literal["xml", "json"] = "xml"
    oauth_domain: str = "*"
    js_domains: list[str] = field(default_factory=list)
    ip_whitelist: list[str] = field(default_factory=list)
    verified: bool = True
    bound: bool = True
    templates: list[Template] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    menu: dict[str, Any] | None = None
    menu_id: int = 0
    tags: dict[int, str] = field(default_factory=dict)
    next_tag: int = 100
    next_msg: int = 1
    permanent_codes: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    old_aes_key: str = ""


class Usage(Struct):
    """Calls of one app on one Beijing day, by path; and what clear_quota has been used this month."""

    day: str = ""
    used: dict[str, int] = field(default_factory=dict)
    month: str = ""
    clears: int = 0


class AccessToken(Struct):
    token: str
    app_id: str
    space: Literal["plain", "stable"]
    expires_at: float
    # Set when a newer token displaced this one: dead from then on, with 40001 rather than 42001.
    dies_at: float | None = None


class TokenState(Struct):
    plain: str = ""
    stable: str = ""
    forced_day: str = ""
    forced_count: int = 0
    forced_at: float = 0.0
    ticket: str = ""
    ticket_expires_at: float = 0.0


class Fan(Struct):
    id: int
    key: str
    nickname: str
    avatar_color: str
    phone: str
    city: str
    unionid: str


class Window(Struct):
    left: int | None  # None: as many as one likes
    until: float


class Relation(Struct):
    """A fan as one app knows them."""

    app_id: str
    fan_id: int
    openid: str
    subscribed: bool = False
    subscribed_at: float = 0.0
    how: str = ""
    qr_scene: int = 0
    qr_scene_str: str = ""
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    blacklisted: bool = False
    windows: dict[str, Window] = field(default_factory=dict)
    grants: dict[str, int] = field(default_factory=dict)
    session_key: str = ""
    next_seq: int = 1
    unread: int = 0


class Crowd(Struct):
    """Followers of an account who have done nothing yet but follow; see `crowd`."""

    app_id: str
    since: int
    days: int
    count: int = 0
    gone: set[int] = field(default_factory=set)


class Message(Struct, omit_defaults=True):
    """One entry of a chat thread."""

    seq: int
    at: float
    direction: Literal["in", "out", "note"]
    via: str
    kind: str
    text: str = ""
    media_url: str = ""
    media_id: str = ""
    articles: list[dict[str, str]] = field(default_factory=list)
    template: dict[str, Any] = field(default_factory=dict)
    options: list[dict[str, str]] = field(default_factory=list)
    location: dict[str, Any] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)


class Code(Struct):
    """Something a phone can scan."""

    kind: Literal["oa", "mini"]
    app_id: str
    ticket: str
    text: str
    scene: str
    scene_id: int
    permanent: bool
    created_at: float
    expires_at: float | None
    page: str = ""


class Media(Struct):
    media_id: str
    app_id: str
    type: str
    content_type: str
    created_at: float
    expires_at: float | None


class Merchant(Struct):
    key: str
    name: str
    mchid: str
    app_ids: list[str]
    apiv3_key: str
    merchant_private_key: str
    merchant_serial: str
    merchant_certificate: str
    platform_private_key: str
    platform_certificate: str
    platform_serial: str
    public_key_id: str
    public_key: str
    public_private_key: str
    key_mode: Literal["certificate", "public_key", "mixed"] = "certificate"
    fee_bp: int = 60
    refund_seconds: float = 0.0
    refund_outcome: Literal["SUCCESS", "ABNORMAL", "CLOSED"] = "SUCCESS"
    probe_every: int = 50
    notices_sent: int = 0
    qps: int = 0
    # Former platform certificates, still listed: [serial, PEM]
    former: list[tuple[str, str]] = field(default_factory=list)
    # Hosts registered for H5 payment; none registered: any host.
    h5_domains: list[str] = field(default_factory=list)
    # What was paid out to the bank: [when, flow number, fen].
    withdrawals: list[tuple[float, str, int]] = field(default_factory=list)


class Prepay(Struct):
    prepay_id: str
    expires_at: float
    code_url: str = ""
    h5_url: str = ""


class Order(Struct):
    mchid: str
    out_trade_no: str
    app_id: str
    product: Literal["JSAPI", "NATIVE", "MWEB", "APP"]
    description: str
    amount_fen: int
    openid: str
    notify_url: str
    attach: str
    created_at: float
    time_expire: float | None
    params: str
    prepays: list[Prepay]
    state: Literal["NOTPAY", "SUCCESS", "REFUND", "CLOSED", "PAYERROR"] = "NOTPAY"
    transaction_id: str = ""
    paid_at: float = 0.0
    scene_info: dict[str, Any] = field(default_factory=dict)


class Charge(Struct):
    """Money taken: the sandbox's truth."""

    transaction_id: str
    mchid: str
    out_trade_no: str
    app_id: str
    openid: str
    fan_id: int
    product: str
    amount_fen: int
    fee_fen: int
    refunded_fen: int
    charged_at: float


class Shipment(Struct):
    """What a merchant said of the parcels of a charge (发货信息录入)."""

    transaction_id: str
    mode: int
    done: bool
    reshipped: bool
    upload_time: str
    parcels: list[dict[str, str]]


class Refund(Struct):
    refund_id: str
    mchid: str
    out_refund_no: str
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    total_fen: int
    fee_fen: int
    reason: str
    notify_url: str
    params: str
    created_at: float
    status: Literal["PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"] = "PROCESSING"
    settled_at: float = 0.0
    outcome: Literal["SUCCESS", "CLOSED", "ABNORMAL"] = "SUCCESS"


class Attempt(Struct):
    at: float
    status: int
    error: str
    kind: str  # true, or the fault that was sent
    accepted: bool


class Notice(Struct):
    id: str
    mchid: str
    event: str
    original_type: str
    url: str
    resource: dict[str, Any]
    summary: str
    created_at: float
    reference: str
    attempts: list[Attempt] = field(default_factory=list)
    tries: int = 0
    next_at: float | None = None
    state: Literal["waiting", "held", "delivered", "given up", "dropped"] = "waiting"
