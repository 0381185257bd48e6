"""Placing orders: price, stock, order, payment and deadline in one commit.

The one hot path of the shop. Buyers who order at the same moment share a transaction: a few
statements for all of them, and the stock rows, which everybody wants, come last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeAlias

from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.inventory.values import Wish
from tiefen.kernel import ids
from tiefen.kernel.db import Db, Tx, write_noted
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.together import Dropped, Together
from tiefen.members import service as members
from tiefen.members.errors import PointsShort
from tiefen.orders import rules
from tiefen.orders.errors import (
    AddressMissing,
    CheckoutKeyReused,
    DuplicateLine,
    LineGone,
    MembersOnly,
    NoDelivery,
    OrderLosesMoney,
    PresaleAlone,
    QuoteChanged,
)
from tiefen.orders.errors.travel import AddressNeeded
from tiefen.orders.events import OrderPlaced
from tiefen.orders.schemas import LineIn, PlacedOut, PlaceIn, quote_out
from tiefen.orders.service import asking, invoicing
from tiefen.orders.service.book import locked
from tiefen.orders.service.cart import remove_from_cart
from tiefen.orders.service.paying import become_paid
from tiefen.orders.service.writing import Form, Ready, hash_of, write
from tiefen.orders.values import OrderStatus
from tiefen.payments import service as payments
from tiefen.payments.values import Ask
from tiefen.promotion import service as promotion
from tiefen.promotion.values import Problem, ProblemKind, Quote

_KNOWN = """
    SELECT o.order_no, o.request_hash, o.total_fen, o.pay_until,
        a.fan_id AS address_of,
        a.name, a.phone, a.detail, a.region_code, a.province, a.city, a.district
    FROM unnest($1::bigint[], $2::text[], $3::bigint[])
        WITH ORDINALITY AS w(fan_id, key, address_id, place)
    LEFT JOIN orders o ON o.fan_id = w.fan_id AND o.checkout_key = w.key
    LEFT JOIN address a ON a.id = w.address_id
    ORDER BY w.place
"""
"""For each form: the order its key has already, and the address with whose it is."""
_Verdict: TypeAlias = PlacedOut | Refusal | Quote
"""What a form comes to. A Quote: the price is this one now."""


async def checkout(db: Db, merchant: str, fan_id: int, key: str, wanted: PlaceIn) -> PlacedOut:
    """`place` in a commit shared with whoever orders at the same moment."""
    form = Form(fan_id, key, wanted)
    return _answered(await TOGETHER.run(db, merchant, form), form)


async def place(tx: Tx, fan_id: int, key: str, wanted: PlaceIn) -> PlacedOut:
    """Order `wanted.lines` at the price of `wanted.digest`.

    The same fan and key give the same answer ever after, also when the goods have gone or the
    price has changed since. Raises LineGone, LimitReached, QuoteChanged, StockShort,
    AddressMissing, AddressNeeded, DuplicateLine, CheckoutKeyReused.
    """
    form = Form(fan_id, key, wanted)
    try:
        (verdict,) = await place_all(tx, [form])
    except Dropped as dropped:
        verdict = dropped.answers[0]
    return _answered(verdict, form)


async def place_all(tx: Tx, forms: Sequence[Form]) -> list[_Verdict]:
    """Place the orders of different fans in one transaction, first come, first served.

    Raises Dropped when a limit, a promotion's uses or the stock turn out short for some after their orders were
    written: what was checked before is only what could be seen before.
    """
    people = await fans.joined(tx, {form.fan_id for form in forms})
    verdicts, ready = await _judge(tx, forms, people)
    pay_until = tx.now + rules.PAY_WITHIN
    if any(_with_points(one) for one in ready):
        await fans.hold_people(tx, {one.form.fan_id for one in ready})
    made = await write(tx, ready, pay_until)
    beaten = {one.place: one.form for one in ready if one.order_no not in made}
    verdicts.update(await _placed_meanwhile(tx, beaten))
    ready = [one for one in ready if one.order_no in made]
    over = await promotion.take_limits(
        tx, {one.form.fan_id: one.quote.basis.lines for one in ready}, people
    )
    _drop({one.place: over[one.form.fan_id] for one in ready if one.form.fan_id in over})
    late = await promotion.take_uses(
        tx, [(one.order_no, one.form.fan_id, one.quote) for one in ready], people
    )
    _drop({one.place: late[one.order_no] for one in ready if one.order_no in late})
    poor = await _spend(tx, ready)
    _drop({one.place: poor[one.order_no] for one in ready if one.order_no in poor})
    await asking.keep_answers(tx, {made[one.order_no]: one.answers for one in ready})
    await invoicing.keep_invoices(
        tx,
        {
            made[one.order_no]: (one.form.fan_id, one.form.wanted.invoice)
            for one in ready
            if one.form.wanted.invoice
        },
    )
    for one in ready:
        if one.form.fan_id in people:  # what other records of theirs had in the cart of it
            wanted = [line.sku_id for line in one.quote.lines if not line.gift]
            await remove_from_cart(tx, one.form.fan_id, wanted)
    failpoint("orders.place.ordered")
    await _announce(tx, ready, made, pay_until)
    short = await inventory.reserve_all(tx, _wishes(ready, pay_until))
    _drop({one.place: short[one.order_no] for one in ready if one.order_no in short})
    failpoint("orders.place.reserved")
    for one in ready:
        if not one.quote.total_fen:
            await become_paid(tx, await locked(tx, one.order_no), None, tx.now)
        verdicts[one.place] = _answer(one.order_no, one.quote.total_fen, pay_until)
    return [verdicts[place] for place in range(len(forms))]


TOGETHER = Together(place_all, apart=lambda form: form.fan_id)


async def _judge(
    tx: Tx, forms: Sequence[Form], people: Mapping[int, Sequence[int]]
) -> tuple[dict[int, _Verdict], list[Ready]]:
    """Price and check all forms, reading only: verdicts by place, and the forms that may go on."""
    verdicts: dict[int, _Verdict] = {}
    fresh: list[tuple[int, Form, list[tuple[int, int]], Any]] = []
    for place, (form, known) in enumerate(zip(forms, await _known(tx, forms), strict=True)):
        try:
            lines = merged(form.wanted.lines)
            if known["order_no"] is not None:
                verdicts[place] = _same(known, form)
            elif form.wanted.address_id and (
                known["address_of"] not in people.get(form.fan_id, (form.fan_id,))
            ):
                raise AddressMissing(field="address_id")
            else:
                fresh.append((place, form, lines, known))
        except Refusal as refusal:
            verdicts[place] = refusal
    carts = [(form.fan_id, lines) for _, form, lines, _ in fresh]
    coupons = [form.wanted.coupon_id for _, form, _, _ in fresh]
    regions = [known["region_code"] or "" for _, _, _, known in fresh]
    points = [form.wanted.use_points for _, form, _, _ in fresh]
    quotes = await promotion.quotes(tx, carts, tx.now, coupons, regions, points) if carts else []
    ready = []
    asked = await asking.fields_for(tx, _products(quotes)) if quotes else ()
    for (place, form, _, address), quote in zip(fresh, quotes, strict=True):
        refused = _check(quote, form.wanted)
        if refused is not None:
            verdicts[place] = refused
        elif isinstance(quote, Quote):
            try:
                answers = asking.answered(asked, _products([quote]), form.wanted.answers)
            except Refusal as wrong:
                verdicts[place] = wrong
                continue
            no = ids.number("O", tx.now)
            ready.append(Ready(place, form, address, quote, no, answers))
    short = await inventory.short_of(tx, _wishes(ready, tx.now)) if len(ready) > 1 else {}
    verdicts.update({one.place: short[one.order_no] for one in ready if one.order_no in short})
    again = {place: form for place, form, _, _ in fresh if place in verdicts}
    verdicts.update(await _placed_meanwhile(tx, again))
    return verdicts, [one for one in ready if one.order_no not in short]


def _with_points(one: Ready) -> bool:
    return bool(one.quote.points and one.quote.points.used)


async def _spend(tx: Tx, ready: Sequence[Ready]) -> dict[str, Refusal]:
    """Take the points that pay for these orders: order number → refusal of who has too few by now.

    The persons are held already, all at once: whoever takes points in another order waits there.
    """
    short: dict[str, Refusal] = {}
    for one in ready:
        use = one.quote.points
        if use is None or not use.used:
            continue
        lines = {line.sku_id: line for line in one.quote.lines if not line.gift}
        spent = [
            (
                members.Paid(sku_id, lines[sku_id].product_id, lines[sku_id].quantity, 0),
                points,
            )
            for sku_id, points in use.lines
        ]
        try:
            await members.spend_points(tx, one.form.fan_id, one.order_no, spent)
        except PointsShort:
            short[one.order_no] = PointsShort(field="use_points")
    return short


def _products(quotes: Iterable[Quote | Refusal]) -> set[int]:
    return {line.product_id for one in quotes if isinstance(one, Quote) for line in one.lines}


async def _known(tx: Tx, forms: Sequence[Form]) -> Sequence[Any]:
    return await tx.rows(
        _KNOWN,
        [form.fan_id for form in forms],
        [form.key for form in forms],
        [form.wanted.address_id for form in forms],
    )


def _check(quote: Quote | Refusal, wanted: PlaceIn) -> Refusal | Quote | None:
    """Why an order cannot be placed as it is wanted: a refusal, or the price of today."""
    if isinstance(quote, Refusal):
        return quote
    for problem in quote.problems:
        if refused := _stands_in_the_way(problem):
            return refused
    if quote.needs_parcel and wanted.address_id is None:
        return AddressNeeded(field="address_id")
    if quote.digest != wanted.digest:
        return quote
    limits = [problem for problem in quote.problems if problem.kind is ProblemKind.LIMIT]
    return promotion.limit_reached(limits[0]) if limits else None


def _stands_in_the_way(problem: Problem) -> Refusal | None:
    """What no other price would change; a limit counts only at the price that was agreed to."""
    sku_id, name = problem.sku_id, problem.product_name
    match problem.kind:
        case ProblemKind.GONE:
            return LineGone(field="lines", sku_id=sku_id, name=name)
        case ProblemKind.MEMBERS:
            return MembersOnly(field="lines", name=name)
        case ProblemKind.NO_DELIVERY:
            return NoDelivery(field="address_id", sku_id=sku_id, name=name)
        case ProblemKind.PRESALE:
            return PresaleAlone(field="lines", name=name)
        case ProblemKind.LOSS:
            return OrderLosesMoney(field="lines")
        case _:
            return None


async def _announce(
    tx: Tx, ready: Sequence[Ready], made: Mapping[str, int], pay_until: datetime
) -> None:
    """Payment intents, deadlines and events of orders that were written."""
    asks = []
    for one in ready:
        fan_id, total_fen, order_id = one.form.fan_id, one.quote.total_fen, made[one.order_no]
        if total_fen:
            words = _description(one.quote)
            due_fen = one.quote.deposit_fen or total_fen
            asks.append(Ask(one.order_no, fan_id, due_fen, words, pay_until))
            later(tx, "orders.close_unpaid", run_at=pay_until, order_no=one.order_no)
        event = OrderPlaced(order_id, one.order_no, fan_id, total_fen, tx.now)
        publish(tx, event, aggregate=f"order:{order_id}")
    if asks:
        await payments.start_all(tx, asks)
    await write_noted(tx)


def _wishes(ready: Iterable[Ready], expires_at: datetime) -> list[Wish]:
    return [
        Wish(
            one.order_no,
            one.quote.pieces,
            one.quote.presale.balance_until if one.quote.presale else expires_at,
            one.region_code,
        )
        for one in ready
    ]


def _drop(refused: Mapping[int, Refusal]) -> None:
    if refused:
        raise Dropped(refused)


def merged(lines: Sequence[LineIn]) -> list[tuple[int, int]]:
    """Wanted lines in SKU order, each SKU once. Raises DuplicateLine."""
    seen: dict[int, int] = {}
    for place, line in enumerate(lines):
        if line.sku_id in seen:
            raise DuplicateLine(field=f"lines.{place}.sku_id")
        seen[line.sku_id] = line.quantity
    return sorted(seen.items())


async def _placed_meanwhile(tx: Tx, forms: Mapping[int, Form]) -> dict[int, _Verdict]:
    """The answers of those forms whose key has an order by now: somebody was faster by a moment."""
    found: dict[int, _Verdict] = {}
    rows = await _known(tx, list(forms.values())) if forms else []
    for (place, form), row in zip(forms.items(), rows, strict=True):
        if row["order_no"] is not None:
            found[place] = _same(row, form)
    return found


def _same(row: Any, form: Form) -> PlacedOut | Refusal:
    """The answer this key was given before, or the refusal of another form."""
    if row["request_hash"] != hash_of(form.wanted):
        return CheckoutKeyReused(field="Idempotency-Key")
    return _answer(row["order_no"], row["total_fen"], row["pay_until"])


def _answered(verdict: _Verdict, form: Form) -> PlacedOut:
    """The answer, or the refusal in the words of who reads it."""
    if isinstance(verdict, Quote):
        raise QuoteChanged(
            quote=quote_out(verdict).model_dump(mode="json"),
            changes=[asdict(change) for change in promotion.changes(form.wanted.digest, verdict)],
        )
    if isinstance(verdict, Refusal):
        raise verdict
    return verdict


def _answer(order_no: str, total_fen: int, pay_until: datetime) -> PlacedOut:
    """What was answered when the order was placed, however it fares since."""
    return PlacedOut(
        order_no=order_no,
        status=OrderStatus.UNPAID if total_fen else OrderStatus.PAID,
        total_fen=total_fen,
        pay_until=pay_until if total_fen else None,
    )


def _description(quote: Quote) -> str:
    """What WeChat shows beside the amount (at most 127 bytes are allowed)."""
    first = quote.lines[0].product_name[:30]
    return first if len(quote.lines) == 1 else f"{first} 等{len(quote.lines)}件"
