"""Random lives of two ids, lived through the rooms' own verbs, and what is left of each after."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from tests.fans.factories import APP, AT
from tiefen.channels import service as channels
from tiefen.channels.values import Knock
from tiefen.fans import service
from tiefen.fans.models import Fan, PastImport
from tiefen.fans.service import past_work
from tiefen.fans.values import Happening, PastField, PastLine
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.crypto import blind
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.jobs import later

STAFF = StaffActor(1, "店长", frozenset())
PHONES = ("13800000001", "13800000002")
LEFT = {
    "fan": """SELECT nickname, avatar_url, remark, region_code, source_code_id, owner_staff_id,
                  following, ever_followed, joined_at, last_seen_at, last_paid_at, orders,
                  received_orders, whole_refunds, paid_fen, refunded_fen, interactions,
                  returned_orders, friends, stage, no_contact, merged_into, own,
                  past_orders, past_fen, past_first_at, past_last_at
              FROM fan WHERE id = :fan""",
    "identity": "SELECT openid, following, followed_at FROM fan_identity WHERE fan_id = :fan",
    "day": "SELECT day, interactions, received, friends, past FROM fan_day WHERE fan_id = :fan ORDER BY day",
    "fact": """SELECT kind, subject, day, times FROM fan_fact JOIN fan_topic ON id = topic_id
               WHERE fan_id = :fan ORDER BY 1, 2, 3""",
    "answer": """SELECT attribute_id, word FROM fan_attribute_value WHERE fan_id = :fan
                 ORDER BY attribute_id""",
    "tag": "SELECT tag_id, author, reason FROM fan_tagging WHERE fan_id = :fan ORDER BY tag_id",
    "list": "SELECT segment_id FROM fan_segment_member WHERE fan_id = :fan ORDER BY segment_id",
    "line": """SELECT kind, ref, at, amount_fen FROM fan_line WHERE fan_id = :fan
               AND kind NOT IN ('merged', 'parted', 'stage', 'tagged', 'untagged', 'attribute',
                                'profile', 'sourced', 'contact') ORDER BY kind, ref""",
    "touch": "SELECT code_id, kind, at FROM channel_touch WHERE fan_id = :fan ORDER BY at, id",
    "source": """SELECT code_id, owner_staff_id, at, gone, visited, ordered, buyer, receiver, keeper
                 FROM channel_fan_source WHERE fan_id = :fan""",
    "visit": """SELECT visitor, code_id, day, at FROM channel_visit
                WHERE fan_id = :fan ORDER BY at, id""",
    "past": """SELECT number, at, p.amount_fen, product, c.purchases, c.amount_fen AS whole
               FROM fan_past_purchase AS p JOIN fan_past_customer AS c ON c.id = customer_id
               WHERE c.fan_id = :fan ORDER BY number""",
    "credit": """SELECT order_no, code_id, paid_fen, refunded_fen FROM channel_credit
                 WHERE fan_id = :fan ORDER BY order_no""",
    "share": """SELECT s.model, c.order_no, s.code_id, s.weight_bp, s.paid_fen
                FROM channel_share AS s JOIN channel_credit AS c USING (order_id)
                WHERE c.fan_id = :fan ORDER BY 1, 2, 3""",
}
"""What a record is, room by room; none of it may tell that it was ever joined."""


@dataclass
class World:
    """A merchant with two people, what was set up for them, and the time it is."""

    merchant: str
    fans: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    friends: list[int] = field(default_factory=list)
    """others, whom either of the two may bring"""
    tags: list[int] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    file: int = 0
    """the import that purchases made elsewhere come with"""
    orders: int = 0
    at: datetime = AT


Deed = tuple[str, int, int]
"""what, by whom (0 or 1), and a number that chooses among things"""
DEEDS = (
    *("follow", "leave", "scan", "talk", "visit", "buy", "buy", "receive", "refund"),
    *("name", "phone", "answer", "contact", "region"),
    *("link", "link", "elsewhere", "elsewhere", "friend"),
)
HANDS = ("tag", "untag", "list", "remark")
"""What staff do: to a person as a whole, so while two are joined only to the one who lives on."""


def deeds(chance: random.Random, count: int, *, joined: bool) -> list[Deed]:
    """A random life of both."""
    made = []
    for _ in range(count):
        what = chance.choice(DEEDS + HANDS)
        who = 0 if joined and what in HANDS else chance.randrange(2)
        made.append((what, who, chance.randrange(2)))
    return made


async def live(db: Db, world: World, done: Sequence[Deed]) -> None:
    """Do all of it, a minute apart."""
    for deed in done:
        world.at += timedelta(minutes=1)
        async with db.merchant(world.merchant) as tx:
            await _do(tx, world, *deed)


async def _do(tx: Tx, world: World, what: str, who: int, n: int) -> None:
    fan_id, openid, at = world.fans[who], f"o{who}", world.at
    match what:
        case "follow":
            scene = f"c.{world.codes[n]}"
            await service.follow(tx, app_id=APP, openid=openid, scene=scene, at=at)
        case "leave":
            await service.unfollow(tx, app_id=APP, openid=openid, at=at)
        case "scan":
            await service.scan(tx, app_id=APP, openid=openid, scene=f"c.{world.codes[n]}", at=at)
        case "talk":
            await service.record(tx, fan_id, Happening.MESSAGE_IN, f"at:{at}", at=at)
        case "visit":
            await service.record_visit(tx, fan_id, n + 1, at)
        case "link" | "elsewhere" | "friend":
            await _besides(tx, world, what, who, n)
        case "buy":
            await _buy(tx, world, fan_id, n)
        case "receive" | "refund":
            await _after(tx, world, what, fan_id)
        case "name" | "phone" | "answer" | "contact" | "region":
            await _say(tx, what, who, fan_id, n)
        case _:
            await _by_hand(tx, world, what, fan_id, n)


async def _buy(tx: Tx, world: World, fan_id: int, n: int) -> None:
    """An order is paid, and credited to where its buyer came from."""
    at = world.at
    world.orders += 1
    order_no, fen = f"T{world.orders}", 100 * (n + 1)
    data = {"order_no": order_no, "products": [[n + 1, "茶"]]}
    ref = f"order:{order_no}"
    await service.record(tx, fan_id, Happening.ORDER_PAID, ref, at=at, amount_fen=fen, data=data)
    await channels.credit_order(
        tx,
        order_id=world.orders,
        order_no=order_no,
        fan_id=fan_id,
        paid_fen=fen,
        at=at,
    )


async def _besides(tx: Tx, world: World, what: str, who: int, n: int) -> None:
    """They open a short link and are known there, bring a friend who buys, or a file tells of a
    purchase they made elsewhere."""
    fan_id, openid, browser = world.fans[who], f"o{who}", f"browser{who}"
    if what == "link":
        await channels.open_links(tx, [Knock("spring", browser, True, False, False)])
        await channels.join_visits(tx, fan_id, browser)
        return
    if what == "friend":
        await service.brought_friend(tx, fan_id, world.friends[n], world.at)
        return
    world.orders += 1
    row = await tx.get_one(PastImport, world.file)
    at, goods = world.at - timedelta(days=30 * n + 1), ("茶", "蜜; 茶")[n]
    line = PastLine(
        line=world.orders,
        number=f"E{world.orders}",
        at=at,
        amount_fen=100 * (n + 1),
        quantity=1,
        kind=PastField.OPENID,
        key=openid,
        openid=openid,
        unionid=None,
        phone=None,
        product=goods,
        category="食品",
        note="",
    )
    await past_work._add(tx, row, [line])
    later(tx, past_work.JUDGE)  # as the end of a file does


async def _say(tx: Tx, what: str, who: int, fan_id: int, n: int) -> None:
    """What they say about themselves."""
    match what:
        case "name":
            await service.edit_profile(
                tx, fan_id, {"nickname": f"名{who}{n}", "avatar_url": f"a{n}"}
            )
        case "phone":
            await service.edit_profile(tx, fan_id, {"phone": PHONES[n]})
        case "answer":
            await service.set_answers(tx, fan_id, {"skin": ("干", "油")[n]})
        case "contact":
            await service.set_contact(tx, fan_id, wanted=bool(n))
        case "region":
            await service.set_region(tx, fan_id, ("440305", "110101")[n])


async def _after(tx: Tx, world: World, what: str, fan_id: int) -> None:
    """The newest of this record's own orders arrives, or goes back."""
    paid = text(
        "SELECT ref, amount_fen FROM fan_line WHERE fan_id = :fan AND kind = 'order_paid'"
        " AND NOT EXISTS (SELECT 1 FROM fan_line l WHERE l.kind = 'order_refunded'"
        " AND l.fan_id = fan_line.fan_id AND l.ref = fan_line.ref) ORDER BY id DESC LIMIT 1"
    )
    row = (await tx.execute(paid, {"fan": fan_id})).one_or_none()
    if row is None:
        return
    order_no = row.ref.removeprefix("order:")
    known = {"order_no": order_no, "products": [[1, "茶"]]}
    if what == "receive":
        kind = Happening.ORDER_RECEIVED
        await service.record(tx, fan_id, kind, row.ref, at=world.at, data=known)
        await channels.credit_received(tx, order_id=int(order_no[1:]), at=world.at)
    else:
        await service.record(
            tx,
            fan_id,
            Happening.ORDER_REFUNDED,
            row.ref,
            at=world.at,
            amount_fen=row.amount_fen,
            whole=True,
            data=known,
        )
        fen = row.amount_fen
        await channels.credit_refunded(tx, order_id=int(order_no[1:]), refund_fen=fen)


async def _by_hand(tx: Tx, world: World, what: str, fan_id: int, n: int) -> None:
    match what:
        case "tag" | "untag":
            wears = what == "tag"
            await service.tag_by_hand(tx, STAFF, fan_id, world.tags[n], wears=wears, reason="看")
        case "list":
            await service.list_by_hand(tx, STAFF, world.lists[n], [fan_id], there=True)
        case "remark":
            await service.edit_remark(tx, STAFF, fan_id, f"备注{n}")


async def left(db: Db, world: World) -> list[dict[str, list[tuple[Any, ...]]]]:
    """What each of the two is now."""
    found = []
    async with db.merchant(world.merchant) as tx:
        for fan_id in world.fans:
            told = {
                name: [tuple(row) for row in await tx.execute(text(sql), {"fan": fan_id})]
                for name, sql in LEFT.items()
            }
            fan = await tx.get_one(Fan, fan_id)
            told["phone"] = [
                (fan.phone, fan.phone_blind == (blind(fan.phone) if fan.phone else None))
            ]
            found.append(told)
    return found
