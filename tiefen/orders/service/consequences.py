"""What after-sales take back in this room and in the rooms below: money, pieces, stock, limits, uses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from tiefen.inventory import service as inventory
from tiefen.kernel.days import CHINA
from tiefen.kernel.db import Tx
from tiefen.kernel.money import times, yuan
from tiefen.members import service as members
from tiefen.members.values import PointsPart
from tiefen.orders import rules
from tiefen.orders.models import Order, OrderLine
from tiefen.orders.service.book import lines_of, step
from tiefen.orders.service.fulfilling import finish_giving, finish_shipping
from tiefen.orders.service.reversing import Reversal
from tiefen.orders.values import AfterSaleKind, Case, Effect, OrderAction, OrderStatus, Phase
from tiefen.promotion import service as promotion
from tiefen.promotion.values import UseHeld

HOLD_FOR = timedelta(days=60)
"""How long a replacement is held; after that it is taken anew when it is sent, if there is any."""
_MONEY_ORDER = text(
    "UPDATE orders SET refunding_fen = refunding_fen - :amount,"
    " refunded_fen = refunded_fen + :amount WHERE id = :order"
)
_MONEY_LINE = text(
    "UPDATE order_line SET refunding_fen = refunding_fen - :amount,"
    " refunded_fen = refunded_fen + :amount WHERE id = :line"
)
_UNSENT = text("UPDATE order_line SET holding = holding - :quantity WHERE id = :line")
_LIMIT = text("UPDATE order_line SET limit_held = :after WHERE id = :line")


async def nothing_more(_tx: Tx, _case: Case, _effects: Sequence[Effect]) -> None:
    """It happens by itself: another consequence holds it, or who hears of the refund does it."""


# ── with the yes: what is sent instead ───────────────────────────────────────────────────────


async def plan_replacement(tx: Tx, case: Case) -> list[Effect]:
    """Pieces that leave the stock on sale to be sent instead."""
    wanted = replacements(case)
    free = await inventory.available(tx, wanted)
    return [
        Effect(
            "replacement",
            sku_id,
            free[sku_id],
            free[sku_id] - pieces,
            f"为补发预留 {pieces} 件",
            f"{pieces} held to be sent instead",
        )
        for sku_id, pieces in sorted(wanted.items())
    ]


async def hold_replacement(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Hold them. Raises StockShort."""
    lines = [(effect.subject, effect.before - effect.after) for effect in effects]
    until = tx.now + HOLD_FOR
    await inventory.reserve(tx, case.after_sale_no, lines, until, case.region_code)


def replacements(case: Case) -> dict[int, int]:
    """SKU → pieces that are sent instead."""
    wanted: dict[int, int] = {}
    for part in case.parts if case.kind in rules.SENDS else ():
        wanted[part.replacement_id] = wanted.get(part.replacement_id, 0) + part.shipped
    return wanted


# ── once it is sure which pieces come back ───────────────────────────────────────────────────


async def plan_unsent(tx: Tx, case: Case) -> list[Effect]:
    """Pieces that will not be sent, or given, any more."""
    rows = await tx.execute(
        select(OrderLine.id, OrderLine.holding).where(
            OrderLine.id.in_([part.line_id for part in case.parts if part.unshipped])
        )
    )
    holding = {row.id: row.holding for row in rows}
    zh, en = ("件不再发货", "sent") if case.region_code else ("件不再提供", "given")
    return [
        Effect(
            "unsent",
            part.line_id,
            holding[part.line_id],
            holding[part.line_id] - part.unshipped,
            f"“{part.name}”{part.unshipped} {zh}",
            f"{part.name}: {part.unshipped} will not be {en}",
        )
        for part in case.parts
        if part.unshipped
    ]


async def leave_unsent(tx: Tx, _case: Case, effects: Sequence[Effect]) -> None:
    """They are not held for a decision any more: it was made."""
    for effect in effects:
        quantity = effect.before - effect.after
        await tx.execute(_UNSENT, {"line": effect.subject, "quantity": quantity})


async def plan_stock(tx: Tx, case: Case) -> list[Effect]:
    """Pieces that were never sent, free again where they lie."""
    unsent: dict[int, int] = {}
    for part in case.parts:  # a gift may be of the same SKU as a bought line
        if part.unshipped:
            unsent[part.sku_id] = unsent.get(part.sku_id, 0) + part.unshipped
    free = await inventory.available(tx, unsent)
    names = {part.sku_id: part.name for part in case.parts}
    return [
        Effect(
            "stock",
            sku_id,
            free[sku_id],
            free[sku_id] + pieces,
            f"“{names[sku_id]}”未发的 {pieces} 件回到可售库存",
            f"{names[sku_id]}: {pieces} that were not sent are back on sale",
        )
        for sku_id, pieces in sorted(unsent.items())
    ]


async def put_back(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Free them."""
    lines = [(effect.subject, effect.after - effect.before) for effect in effects]
    await inventory.put_back(tx, case.order_no, lines, case.after_sale_no, case.actor)


async def plan_restock(tx: Tx, case: Case) -> list[Effect]:
    """Sent pieces that came back fit for sale; of a refund alone, none comes back."""
    if case.kind in (AfterSaleKind.RESEND, AfterSaleKind.COMPENSATION):
        return []
    fit: dict[int, int] = {}
    unsent: dict[int, int] = {}
    for part in case.parts:
        unsent[part.sku_id] = unsent.get(part.sku_id, 0) + part.unshipped
        if part.shipped:
            pieces = part.sellable if case.kind in rules.INSPECTED else 0
            fit[part.sku_id] = fit.get(part.sku_id, 0) + pieces
    free = await inventory.available(tx, fit)
    instead = {} if case.held else replacements(case)
    base = {sku: free[sku] + unsent[sku] - instead.get(sku, 0) for sku in fit}
    names = {part.sku_id: part.name for part in case.parts}
    return [
        Effect(
            "restock",
            sku_id,
            base[sku_id],
            base[sku_id] + pieces,
            f"“{names[sku_id]}”退回的 {pieces} 件重新上架"
            if pieces
            else f"“{names[sku_id]}”已发出的不回库存",
            f"{names[sku_id]}: {pieces or 'none'} of those that were sent back on sale",
        )
        for sku_id, pieces in sorted(fit.items())
    ]


async def restock(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Put them on sale where they were looked at."""
    lines = [(one.subject, one.after - one.before) for one in effects if one.after > one.before]
    if lines:
        place: dict[str, Any] = (
            {} if case.location_id is None else {"location_id": case.location_id}
        )
        numbers = (case.after_sale_no, case.actor)
        await inventory.restock(tx, lines, *numbers, order_no=case.order_no, **place)


async def plan_shipping(tx: Tx, case: Case) -> list[Effect]:
    """Whether the order is all sent without these pieces."""
    order = await tx.get_one(Order, case.order_id)
    freed = {part.line_id: part.unshipped for part in case.parts}
    pieces = [line.pieces for line in await lines_of(tx, order)]
    to_send = sum(rules.left_to_ship(line) for line in pieces)
    held = sum(line.holding - freed.get(line.id, 0) for line in pieces)
    if order.status is not OrderStatus.PARTLY_SHIPPED or not any(freed.values()) or to_send + held:
        return []
    words = (
        (
            "其余商品都已发出，订单变为“待收货”",
            "all the rest is sent: the order waits for receipt",
        )
        if case.region_code
        else ("其余都已交付，订单变为“已完成”", "all the rest is given: the order is done")
    )
    return [Effect("shipping", 0, 0, 1, *words)]


async def complete_shipping(tx: Tx, case: Case, _effects: Sequence[Effect]) -> None:
    """The order waits for its receipt, or is done where nothing travels."""
    order = await tx.get_one(Order, case.order_id)
    if order.travels:
        finish_shipping(tx, order, case.actor)
    else:
        await finish_giving(tx, order, case.actor)


# ── once the money is back ───────────────────────────────────────────────────────────────────


async def plan_money(_tx: Tx, case: Case) -> list[Effect]:
    """What goes back to the fan."""
    if case.kind in rules.SENDS:
        return []
    after = case.refunded_fen + case.amount_fen
    return [
        Effect(
            "money",
            0,
            case.refunded_fen,
            after,
            f"原路退回 {yuan(case.amount_fen)}"
            f"（实付 {yuan(case.paid_fen)}，累计已退 {yuan(after)}）",
            f"{yuan(case.amount_fen)} goes back the way it came"
            f" (paid {yuan(case.paid_fen)}, refunded then {yuan(after)})",
        )
    ]


async def move_money(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """What was refunding is refunded, of the order and of each line."""
    for effect in effects:
        amount = effect.after - effect.before
        await tx.execute(_MONEY_ORDER, {"order": case.order_id, "amount": amount})
    for part in case.parts:
        await tx.execute(_MONEY_LINE, {"line": part.line_id, "amount": part.amount_fen})


async def plan_freight(_tx: Tx, case: Case) -> list[Effect]:
    """Whether freight is in it."""
    if case.kind in rules.SENDS or case.kind is AfterSaleKind.COMPENSATION:
        return []
    words = ("运费不退", "the freight is kept")
    if case.freight_fen:
        freight = yuan(case.freight_fen)
        words = (f"其中运费 {freight}", f"of it freight {freight}")
    return [Effect("freight", 0, 0, case.freight_fen, *words)]


async def plan_limits(_tx: Tx, case: Case) -> list[Effect]:
    """Pieces that may be bought again under the product's limit."""
    if case.kind in rules.SENDS:
        return []
    return [
        Effect(
            "limit",
            part.line_id,
            part.limit_held,
            part.limit_held - freed,
            f"“{part.name}”限购名额退回 {freed} 件",
            f"{part.name}: {freed} may be bought again under the limit",
        )
        for part in case.parts
        if (freed := min(part.limit_held, part.quantity))
    ]


async def free_limits(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Count them off."""
    products = {part.line_id: part.product_id for part in case.parts}
    for effect in effects:
        await tx.execute(_LIMIT, {"line": effect.subject, "after": effect.after})
    freed = [(products[effect.subject], effect.before - effect.after) for effect in effects]
    await promotion.give_back_limits(tx, case.fan_id, freed)


async def plan_uses(tx: Tx, case: Case) -> list[Effect]:
    """Uses of promotions that are free again: of an order that is wholly back."""
    if not case.whole:
        return []
    return [_use(use) for use in await promotion.uses_held(tx, case.order_no)]


def _use(use: UseHeld) -> Effect:
    if not use.coupon:
        words = (f"优惠“{use.name}”恢复为未使用", f"{use.name} may be used again")
        return Effect("promotion", use.id, 1, 0, *words)
    if use.live:
        words = (f"优惠券“{use.name}”退回给买家", f"the coupon {use.name} goes back to the fan")
        return Effect("coupon", use.id, 1, 0, *words)
    words = (
        f"优惠券“{use.name}”已过期或已收回，不退回",
        f"the coupon {use.name} has run out or was taken back: it does not return",
    )
    return Effect("coupon", use.id, 1, 1, *words)


async def free_uses(tx: Tx, case: Case, _effects: Sequence[Effect]) -> None:
    """Free them; a second time does nothing."""
    await promotion.give_back_uses(tx, case.order_no)


async def plan_counters(tx: Tx, case: Case) -> list[Effect]:
    """What the fan has been refunded in all; whoever keeps it hears of the refund."""
    if case.kind in rules.SENDS:
        return []
    before = int(
        await tx.scalar(
            select(func.coalesce(func.sum(Order.refunded_fen), 0)).where(
                Order.fan_id == case.fan_id
            )
        )
        or 0
    )
    after = before + case.amount_fen
    return [
        Effect(
            "counters",
            0,
            before,
            after,
            f"粉丝累计退款 {yuan(before)} → {yuan(after)}，来源业绩同步扣减",
            f"the fan's refunds go from {yuan(before)} to {yuan(after)}; results of the source follow",
        )
    ]


async def plan_level(tx: Tx, case: Case) -> list[Effect]:
    """The growth and member level afterwards; whoever keeps them hears of the refund."""
    if case.kind in rules.SENDS:
        return []
    found = await members.level_after_refund(tx, case.fan_id, case.order_no, case.amount_fen)
    if found is None:
        return []
    before, after, had_fen, has_fen = found
    zh = f"成长值 {times(had_fen, 100)} → {times(has_fen, 100)}"
    en = f"growth {times(had_fen, 100)} → {times(has_fen, 100)}"
    stays = before == after
    return [
        Effect(
            "level",
            0,
            had_fen,
            has_fen,
            f"{zh}，会员等级仍为“{after}”" if stays else f"{zh}，会员等级由“{before}”变为“{after}”",
            f"{en}; the level stays {after}"
            if stays
            else f"{en}; the level goes from {before} to {after}",
        )
    ]


async def plan_points(tx: Tx, case: Case) -> list[Effect]:
    """Points that were spent come back, those that were earned go, and what of them is owed."""
    if case.kind in rules.SENDS:
        return []
    back = await members.points_after_refund(
        tx, case.fan_id, case.order_no, _points_parts(case), whole=case.whole
    )
    effects = []
    if back.returned:
        until = f"{back.until.astimezone(CHINA):%Y-%m-%d}" if back.until else ""
        zh = f"退回已用积分 {back.returned}" + (f"，{until} 前有效" if until else "，长期有效")
        en = f"{back.returned} points spent come back" + (f", good until {until}" if until else "")
        effects.append(Effect("points", 0, 0, back.returned, zh, en))
    if back.taken:
        owed = f"，其中 {back.debt} 已用掉，记为欠积分，由以后的积分抵扣" if back.debt else ""
        debt = f"; {back.debt} of them are gone: later points pay them" if back.debt else ""
        zh, en = f"扣回所得积分 {back.taken}{owed}", f"{back.taken} points earned go back{debt}"
        effects.append(Effect("points", 1, 0, -back.taken, zh, en))
    if back.waits:
        words = ("退掉的部分不再得积分", "what goes back brings no points")
        effects.append(Effect("points", 2, 0, 0, *words))
    return effects


async def move_points(tx: Tx, case: Case, _effects: Sequence[Effect]) -> None:
    """Move them; a second time does nothing."""
    await members.refund_points(
        tx,
        case.fan_id,
        case.order_no,
        case.after_sale_no,
        _points_parts(case),
        whole=case.whole,
    )


def _points_parts(case: Case) -> list[PointsPart]:
    return [
        PointsPart(
            part.sku_id,
            0 if case.kind is AfterSaleKind.COMPENSATION else part.quantity,
            part.amount_fen,
            part.pieces,
            part.paid_fen,
        )
        for part in case.parts
        if not part.gift
    ]


async def plan_order(tx: Tx, case: Case) -> list[Effect]:
    """What becomes of the order."""
    if case.kind in rules.SENDS:
        return []
    if case.whole:
        return [
            Effect("order", 0, 0, 1, "退款成功后订单变为“已退款”", "the order is refunded then")
        ]
    order = await tx.get_one(Order, case.order_id)
    to_send = sum(rules.left_to_ship(line.pieces) for line in await lines_of(tx, order))
    zh, en = ("待发货", "to send") if case.region_code else ("待使用", "to be used")
    words = (
        (f"订单继续，还有 {to_send} 件{zh}", f"the order goes on, {to_send} pieces {en}")
        if to_send
        else ("订单的其余部分不变", "the rest of the order stays as it is")
    )
    return [Effect("order", 0, 0, 0, *words)]


async def end_order(tx: Tx, case: Case, effects: Sequence[Effect]) -> None:
    """Nothing of it is left."""
    order = await tx.get_one(Order, case.order_id)
    if effects[0].after:
        step(tx, order, OrderAction.REFUND_REST, "system", case.after_sale_no)


HERE = (
    Reversal("unsent", Phase.BACK, plan_unsent, leave_unsent),
    Reversal("shipping", Phase.BACK, plan_shipping, complete_shipping),
    Reversal("stock", Phase.BACK, plan_stock, put_back),
    Reversal("restock", Phase.BACK, plan_restock, restock),
    Reversal("replacement", Phase.HOLD, plan_replacement, hold_replacement),
    Reversal("money", Phase.MONEY, plan_money, move_money),
    Reversal("freight", Phase.MONEY, plan_freight, nothing_more),
    Reversal("points", Phase.MONEY, plan_points, move_points),
    Reversal("limit", Phase.MONEY, plan_limits, free_limits),
    Reversal("promotion", Phase.MONEY, plan_uses, free_uses),
    Reversal("counters", Phase.MONEY, plan_counters, nothing_more),
    Reversal("level", Phase.MONEY, plan_level, nothing_more),
    Reversal("order", Phase.MONEY, plan_order, end_order),
)
"""The consequences in this room and those below; the list begins with them."""
