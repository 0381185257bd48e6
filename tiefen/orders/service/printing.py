"""Paper for who packs: a list of what to fetch from the shelves, and a label for each order.

Both are made of what is left to send now. A label says the receiver in clear: who printed it is
noted for each order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from tiefen.catalog import service as catalog
from tiefen.inventory import service as inventory
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.kernel.pdf import Paper
from tiefen.orders import rules
from tiefen.orders.errors import OrderMissing
from tiefen.orders.models import Order, OrderLine
from tiefen.orders.service.asking import answers_of
from tiefen.orders.values import Answer
from tiefen.team import service as team

A4 = (210.0, 297.0)
LABEL = (100.0, 150.0)
"""What thermal label printers take."""


@dataclass(frozen=True, slots=True)
class _ToPack:
    """An order with the pieces that are left to send, as words and numbers."""

    order: Order
    pieces: Sequence[tuple[OrderLine, int]]


async def picking_list(tx: Tx, order_nos: Sequence[str]) -> bytes:
    """What to fetch, by location and SKU, then by order. Raises OrderMissing.

    A bundle lies on no shelf: its parts are fetched, and the order says what goes into it.
    """
    packs = await _packs(tx, order_nos)
    waiting = await inventory.on_shelves(tx, [pack.order.order_no for pack in packs])
    places = await inventory.locations(tx)
    answers = await answers_of(tx, [pack.order.id for pack in packs])
    titles = {line.sku_id: line.title for pack in packs for line, _ in pack.pieces}
    every = [one for found in waiting.values() for one in found]
    parts = await catalog.skus(tx, sorted({one.sku_id for one in every} - set(titles)))
    titles |= {one.id: f"{one.product_name} {one.spec_text}".strip() for one in parts.values()}
    fetch: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    inside: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for order_no, found in waiting.items():
        for one in found:
            fetch[places[one.location_id].name][titles[one.sku_id]] += one.quantity
            if one.sku_id != one.sold_id:
                inside[order_no, one.sold_id][titles[one.sku_id]] += one.quantity
    shelves = [(name, sorted(goods.items())) for name, goods in fetch.items()]
    orders = [
        (
            pack.order.order_no,
            _said(pack.order.note, answers.get(pack.order.id, ())),
            [
                (line.title, quantity, _listed(inside[pack.order.order_no, line.sku_id].items()))
                for line, quantity in pack.pieces
            ],
        )
        for pack in packs
    ]
    return await asyncio.to_thread(_draw_picking, shelves, orders)


async def labels(tx: Tx, actor: StaffActor, order_nos: Sequence[str]) -> bytes:
    """A label for each order that has something left to send. Raises OrderMissing."""
    packs = await _packs(tx, order_nos)
    drawn = []
    for pack in packs:
        to = pack.order.receiver_value
        goods = _listed((line.title, quantity) for line, quantity in pack.pieces)
        drawn.append(
            (
                pack.order.order_no,
                f"{to.name}  {to.phone}",
                f"{pack.order.region} {to.detail}",
                goods,
                pack.order.note,
            )
        )
        await team.record_audit(tx, actor, "orders.print_label", f"order:{pack.order.order_no}")
    return await asyncio.to_thread(_draw_labels, drawn)


async def _packs(tx: Tx, order_nos: Sequence[str]) -> list[_ToPack]:
    """Those that have something left to send; services wait for their use, and nobody packs them."""
    wanted = list(dict.fromkeys(order_nos))
    found = await tx.scalars(select(Order).where(Order.order_no.in_(wanted)))
    orders = {order.order_no: order for order in found}
    if len(orders) < len(wanted):
        raise OrderMissing(field="order_nos")
    lines: dict[int, list[OrderLine]] = {order.id: [] for order in orders.values()}
    for line in await tx.scalars(
        select(OrderLine).where(OrderLine.order_id.in_(list(lines))).order_by(OrderLine.id)
    ):
        lines[line.order_id].append(line)
    packs = []
    for order_no in wanted:
        order = orders[order_no]
        left = [(line, rules.left_to_ship(line.pieces)) for line in lines[order.id]]
        pieces = [(line, many) for line, many in left if many]
        if pieces and order.travels and order.status in rules.CAN_SHIP:
            packs.append(_ToPack(order, pieces))
    return packs


def _listed(goods: Iterable[tuple[str, int]]) -> str:
    return "；".join(f"{title} ×{quantity}" for title, quantity in goods)


def _said(note: str, answers: Sequence[Answer]) -> str:
    """The fan's note and answers in one line; what is personal stays masked on paper."""
    return "；".join(filter(None, (note, *(f"{one.label}：{one.value}" for one in answers))))


def _draw_picking(
    shelves: Sequence[tuple[str, Sequence[tuple[str, int]]]],
    orders: Sequence[tuple[str, str, Sequence[tuple[str, int, str]]]],
) -> bytes:
    paper, y = Paper(*A4), 15.0

    def room(high: float) -> float:
        nonlocal y
        if y + high > 282:
            paper.next_page()
            y = 15.0
        return y

    paper.text(15, y, 6, f"拣货单 · {len(orders)} 单")
    y += 12
    for name, goods in shelves:
        paper.text(15, room(20), 4.5, name)
        y += 7
        for title, quantity in goods:
            paper.box(15, room(7) + 0.3, 3.2)
            paper.text(21, y, 3.8, title, wide=145)
            paper.text(172, y, 3.8, f"× {quantity}")
            y += 6.5
        y += 4
    for order_no, note, lines in orders:
        paper.rule(15, room(22), 180)
        y += 3
        paper.text(15, y, 3.8, order_no)
        paper.bars(120, y - 1, 7, order_no)
        y += 8
        for title, quantity, parts in lines:
            paper.text(21, room(6), 3.5, title, wide=145)
            paper.text(172, y, 3.5, f"× {quantity}")
            y += 5.5
            if parts:
                y = paper.lines(25, room(10), 3.1, f"内含：{parts}", wide=141, most=2) + 1.2
        if note:
            paper.text(21, room(6), 3.3, f"备注：{note}", wide=170)
            y += 5.5
        y += 3
    return paper.save()


def _draw_labels(labels: Sequence[tuple[str, str, str, str, str]]) -> bytes:
    paper = Paper(*LABEL)
    if not labels:
        paper.text(8, 10, 5, "没有待发货的订单")
    for place, (order_no, who, where, goods, note) in enumerate(labels):
        if place:
            paper.next_page()
        paper.bars(8, 8, 14, order_no)
        paper.text(8, 24, 4, order_no)
        paper.rule(6, 32, 88)
        paper.text(8, 36, 6, who, wide=84)
        y = paper.lines(8, 46, 5, where, wide=84, most=4)
        paper.rule(6, y + 2, 88)
        y = paper.lines(8, y + 6, 3.6, goods, wide=84, most=8)
        if note:
            paper.lines(8, y + 3, 3.6, f"备注：{note}", wide=84, most=3)
    return paper.save()
