"""Placing orders: price, stock, order, payment and deadline in one commit.

The one hot path of the shop. Buyers who order at the same moment share a transaction: a few
statements for all of them, and the stock rows, which everybody wants, come last.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias

import msgspec

from tiefen.fans import service as fans
from tiefen.inventory import service as inventory
from tiefen.inventory.values import Wish
from tiefen.kernel import crypto, ids
from tiefen.kernel.db import Db, Tx, write_noted
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later
from tiefen.kernel.text import folded
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
from tiefen.orders.models.search import receiver_key
from tiefen.orders.schemas import LineIn, PlacedOut, PlaceIn, quote_out
from tiefen.orders.service import asking, finding, invoicing
from tiefen.orders.service.book import locked
from tiefen.orders.service.cart import remove_from_cart
from tiefen.orders.service.paying import become_paid
from tiefen.orders.values import Answer, OrderStatus, Receiver
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
_WRITE = """
    WITH made AS (
        INSERT INTO orders (order_no, fan_id, checkout_key, request_hash, status, goods_fen,
            freight_fen, discount_fen, total_fen, paid_fen, refunding_fen, refunded_fen,
            freight_claimed_fen, quantity, receiver, phone_blind, receiver_key, region_code, region,
            note, quote, folded, placed_at, pay_until, close_reason, deposit_fen, balance_from,
            balance_until, ships_by, forfeits)
        SELECT o.order_no, o.fan_id, o.checkout_key, o.request_hash, 'unpaid', o.goods_fen,
            o.freight_fen, o.discount_fen, o.total_fen, 0, 0, 0,
            0, o.quantity, o.receiver, o.phone_blind, o.receiver_key, o.region_code, o.region,
            o.note, o.quote, o.folded, $3, $4, '', o.deposit_fen, o.balance_from,
            o.balance_until, o.ships_by, o.forfeits
        FROM jsonb_to_recordset($1) AS o(order_no text, fan_id bigint,
            checkout_key text, request_hash text, goods_fen bigint, freight_fen bigint,
            discount_fen bigint, total_fen bigint, quantity int, receiver text, phone_blind text,
            receiver_key bigint, region_code text, region text, note text, quote jsonb, folded text,
            deposit_fen bigint, balance_from timestamptz, balance_until timestamptz, ships_by date,
            forfeits boolean)
        ON CONFLICT (fan_id, checkout_key) DO NOTHING
        RETURNING id, order_no, fan_id
    ), line AS (
        SELECT made.id AS order_id, made.fan_id, l.* FROM made
        JOIN jsonb_to_recordset($2) AS l(order_no text, sku_id bigint,
            product_id bigint, product_name text, spec_text text, image_url text,
            unit_price_fen bigint, cost_fen bigint, quantity int, list_fen bigint,
            discount_fen bigint, pay_fen bigint, freight_fen bigint, limit_held int,
            gift boolean)
            USING (order_no)
    ), lined AS (
        INSERT INTO order_line (order_id, sku_id, product_id, product_name, spec_text, image_url,
            unit_price_fen, cost_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen,
            limit_held, gift, shipped, cancelled, holding, returned, refunding_fen, refunded_fen)
        SELECT order_id, sku_id, product_id, product_name, spec_text, image_url,
            unit_price_fen, cost_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen,
            limit_held, gift, 0, 0, 0, 0, 0, 0
        FROM line ORDER BY order_id, sku_id, gift
    ), name AS (
        SELECT made.id AS order_id, n.* FROM made
        JOIN jsonb_to_recordset($5) AS n(order_no text, key bigint, folded text, grams text[])
            USING (order_no)
    ), named AS (
        INSERT INTO order_name (key, placed_at, order_id)
        SELECT key, $3, order_id FROM name ORDER BY key, order_id
    ), learnt AS (
        INSERT INTO sold_name (key, folded, grams)
        SELECT DISTINCT ON (key) key, folded, grams FROM name n
        WHERE NOT EXISTS (SELECT FROM sold_name s WHERE s.key = n.key) ORDER BY key
        ON CONFLICT DO NOTHING
    ), emptied AS (
        DELETE FROM cart_item c USING line
        WHERE c.fan_id = line.fan_id AND c.sku_id = line.sku_id AND NOT line.gift
    )
    SELECT order_no, id FROM made
"""
"""Orders, lines, what they are found by and emptied carts in one round trip; no row for a key that has an order already."""


@dataclass(frozen=True, slots=True)
class Form:
    """One buyer's order form and the key it came with."""

    fan_id: int
    key: str
    wanted: PlaceIn


@dataclass(frozen=True, slots=True)
class _Ready:
    """A form that was priced and passed all checks, with the number its order will have."""

    place: int
    form: Form
    address: Any
    quote: Quote
    order_no: str
    answers: tuple[Answer, ...]

    @property
    def region_code(self) -> str:
        """Where it goes; empty: nothing of it travels."""
        return self.address["region_code"] if self.quote.needs_parcel else ""


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
    made = await _write(tx, ready, pay_until)
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
) -> tuple[dict[int, _Verdict], list[_Ready]]:
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
            ready.append(_Ready(place, form, address, quote, no, answers))
    short = await inventory.short_of(tx, _wishes(ready, tx.now)) if len(ready) > 1 else {}
    verdicts.update({one.place: short[one.order_no] for one in ready if one.order_no in short})
    again = {place: form for place, form, _, _ in fresh if place in verdicts}
    verdicts.update(await _placed_meanwhile(tx, again))
    return verdicts, [one for one in ready if one.order_no not in short]


def _with_points(one: _Ready) -> bool:
    return bool(one.quote.points and one.quote.points.used)


async def _spend(tx: Tx, ready: Sequence[_Ready]) -> dict[str, Refusal]:
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


async def _write(tx: Tx, ready: Sequence[_Ready], pay_until: datetime) -> dict[str, int]:
    """Order number → id, for those whose key had no order yet. Rows go in by fan, so that two
    batches with the same keys never wait for each other in a ring."""
    rows = [_row(one) for one in sorted(ready, key=lambda one: one.form.fan_id)]
    lines = [line for one in ready for line in _lines(one)]
    names = [name for one in ready for name in _names(one)]
    if not rows:
        return {}
    return dict(
        await tx.rows(
            _WRITE,
            msgspec.json.encode(rows).decode(),
            msgspec.json.encode(lines).decode(),
            tx.now,
            pay_until,
            msgspec.json.encode(names).decode(),
        )
    )


async def _announce(
    tx: Tx, ready: Sequence[_Ready], made: Mapping[str, int], pay_until: datetime
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


def _wishes(ready: Iterable[_Ready], expires_at: datetime) -> list[Wish]:
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


def _row(one: _Ready) -> dict[str, Any]:
    """What `_WRITE` needs of an order besides its times."""
    form, quote = one.form, one.quote
    terms = quote.presale
    texts = [f"{line.product_name} {line.spec_text}" for line in quote.lines]
    return {
        "order_no": one.order_no,
        "fan_id": form.fan_id,
        "checkout_key": form.key,
        "request_hash": _hash(form.wanted),
        "goods_fen": quote.goods_fen,
        "freight_fen": quote.freight_fen,
        "discount_fen": quote.discount_fen,
        "total_fen": quote.total_fen,
        "quantity": sum(line.quantity for line in quote.lines),
        **_destination(one),
        "note": form.wanted.note,
        "quote": promotion.stored(quote),
        "folded": folded(*texts),
        "deposit_fen": quote.deposit_fen,
        "balance_from": terms.balance_from if terms else None,
        "balance_until": terms.balance_until if terms else None,
        "ships_by": terms.ships_by if terms else None,
        "forfeits": bool(terms and terms.forfeits),
    }


def _destination(one: _Ready) -> dict[str, Any]:
    """Where the order goes, kept with it as it is now. What does not travel keeps nobody's address."""
    if not one.quote.needs_parcel:
        nobody = crypto.seal(Receiver("", "", "").kept())
        return {"receiver": nobody, "phone_blind": "", "region_code": "", "region": ""}
    address = one.address
    phone = crypto.unseal(address["phone"])
    receiver = Receiver(crypto.unseal(address["name"]), phone, crypto.unseal(address["detail"]))
    places = (address[part] for part in ("province", "city", "district"))
    return {
        "receiver": crypto.seal(receiver.kept()),
        "phone_blind": crypto.blind(phone),
        "receiver_key": receiver_key(receiver.name),
        "region_code": one.region_code,
        "region": " ".join(filter(None, places)),
    }


def _names(one: _Ready) -> list[dict[str, Any]]:
    """The names of goods that the order is found by, each once."""
    named = {finding.name_of(line.product_name, line.spec_text) for line in one.quote.lines}
    return [{"order_no": one.order_no, **name.kept()} for name in named]


def _lines(one: _Ready) -> list[dict[str, Any]]:
    """The order's lines, with what the basis knows of them and a fan does not."""
    known = {gift.line.sku_id: gift.line for gift in one.quote.basis.gifts}
    known.update({line.sku_id: line for line in one.quote.basis.lines})
    return [
        {
            **msgspec.to_builtins(line),
            "order_no": one.order_no,
            "cost_fen": known[line.sku_id].cost_fen,
            "limit_held": 0
            if line.gift or not known[line.sku_id].purchase_limit
            else line.quantity,
        }
        for line in one.quote.lines
    ]


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
    if row["request_hash"] != _hash(form.wanted):
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


def _hash(wanted: PlaceIn) -> str:
    later_fields = ("coupon_id", "answers", "invoice", "use_points")
    unused = {name for name in later_fields if not getattr(wanted, name)}
    return sha256(wanted.model_dump_json(exclude=unused).encode()).hexdigest()


def _description(quote: Quote) -> str:
    """What WeChat shows beside the amount (at most 127 bytes are allowed)."""
    first = quote.lines[0].product_name[:30]
    return first if len(quote.lines) == 1 else f"{first} 等{len(quote.lines)}件"
