"""The steps of an import of purchases: a part looked at, a part added, some purchases taken away."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, text

from tiefen.fans import rules
from tiefen.fans.models import PastImport, PastPart
from tiefen.fans.service import past, stages
from tiefen.fans.service.attaching import attach_customers, who_are
from tiefen.fans.service.past_counts import settle
from tiefen.fans.service.rfm import ask_rfm
from tiefen.fans.service.segments import refresh_touching
from tiefen.fans.values import Dialect, PastFault, PastField, PastImportState, PastLine, WrongLine
from tiefen.kernel.crypto import blind, seal
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.failpoints import failpoint
from tiefen.kernel.jobs import later

JUDGE = "fans.past_judge"
_NUMBERS = text(
    """
    SELECT p.number, p.import_id, p.at, p.amount_fen, c.kind, c.scope, c.blind
    FROM fan_past_purchase AS p JOIN fan_past_customer AS c ON c.id = p.customer_id
    WHERE p.source = :source AND p.number = ANY(:numbers)
    """
)
_CUSTOMERS = text(
    """
    INSERT INTO fan_past_customer AS c
        (kind, scope, blind, code, openid, unionid, phone, phone_blind, purchases, amount_fen)
    SELECT kind, scope, blind, code, openid, unionid, phone, phone_blind, 0, 0
    FROM unnest(CAST(:kinds AS text[]), CAST(:scopes AS text[]), CAST(:blinds AS text[]),
                CAST(:codes AS text[]), CAST(:openids AS text[]), CAST(:unionids AS text[]),
                CAST(:phones AS text[]), CAST(:phone_blinds AS text[]))
         AS p(kind, scope, blind, code, openid, unionid, phone, phone_blind)
    ORDER BY kind, blind
    ON CONFLICT (kind, scope, blind) DO UPDATE SET
        openid = coalesce(c.openid, excluded.openid),
        unionid = coalesce(c.unionid, excluded.unionid),
        phone = coalesce(c.phone, excluded.phone),
        phone_blind = coalesce(c.phone_blind, excluded.phone_blind)
    WHERE (c.openid IS NULL AND excluded.openid IS NOT NULL)
       OR (c.unionid IS NULL AND excluded.unionid IS NOT NULL)
       OR (c.phone_blind IS NULL AND excluded.phone_blind IS NOT NULL)
    """
)
_IDS = text(
    """
    SELECT c.id, c.kind, c.blind
    FROM unnest(CAST(:kinds AS text[]), CAST(:scopes AS text[]), CAST(:blinds AS text[]))
         AS p(kind, scope, blind)
    JOIN fan_past_customer AS c ON (c.kind, c.scope, c.blind) = (p.kind, p.scope, p.blind)
    """
)
_ADD = text(
    """
    INSERT INTO fan_past_purchase
        (import_id, customer_id, source, number, at, quantity, amount_fen, product, category, note)
    SELECT :import_id, customer_id, :source, number, at, quantity, fen, product, category, note
    FROM unnest(CAST(:customers AS bigint[]), CAST(:numbers AS text[]), CAST(:ats AS timestamptz[]),
                CAST(:quantities AS bigint[]), CAST(:fens AS bigint[]), CAST(:products AS text[]),
                CAST(:categories AS text[]), CAST(:notes AS text[]))
         AS p(customer_id, number, at, quantity, fen, product, category, note)
    """
)
_TAKE = text(
    """
    DELETE FROM fan_past_purchase WHERE id = ANY(ARRAY(
        SELECT id FROM fan_past_purchase WHERE import_id = :import_id ORDER BY id LIMIT :limit))
    RETURNING customer_id
    """
)
_EMPTY = text("DELETE FROM fan_past_customer WHERE id = ANY(:customers) AND purchases = 0")


@dataclass(frozen=True, slots=True)
class Looked:
    """What lines of a file come to: to be added, there already, and wrong."""

    fresh: list[PastLine]
    known: list[PastLine]
    wrong: list[WrongLine]


async def step(tx: Tx, import_id: int, part: int) -> None:
    """Do one part of an import and leave the next to another job. Safe to run twice."""
    row = await tx.get(PastImport, import_id, with_for_update=True)
    if row is None or row.part != part:
        return
    match row.state:
        case PastImportState.CHECKING:
            await _check(tx, row)
        case PastImportState.RUNNING:
            await _load(tx, row)
        case PastImportState.UNDOING:
            await _take_away(tx, row)
        case _:
            return
    row.moved_at = tx.now
    failpoint("fans.past.part")


async def look(tx: Tx, row: PastImport, lines: Sequence[Sequence[Any]]) -> Looked:
    """Read lines of a file and compare them with what is there; nothing changes."""
    columns, dialect = past.columns_of(row), Dialect(row.dates, row.decimals)
    good: dict[str, PastLine] = {}
    wrong: list[WrongLine] = []
    for number, cells, *_ in lines:
        read = rules.read_past_line(number, cells, columns, dialect, tx.now)
        if isinstance(read, WrongLine):
            wrong.append(read)
        elif good.setdefault(read.number, read) is not read:
            wrong.append(WrongLine(number, (PastFault.REPEATED,)))
    there = {
        one.number: one
        for one in await tx.execute(_NUMBERS, {"source": row.source, "numbers": list(good)})
    }
    fresh: list[PastLine] = []
    known: list[PastLine] = []
    for line in good.values():
        one = there.get(line.number)
        if one is None:
            fresh.append(line)
        elif one.import_id == row.id:
            wrong.append(WrongLine(line.line, (PastFault.REPEATED,)))
        elif (one.at, one.amount_fen, one.kind, one.scope, one.blind) == (
            line.at,
            line.amount_fen,
            *_key(row, line),
        ):
            known.append(line)
        else:
            wrong.append(WrongLine(line.line, (PastFault.DIFFERS,)))
    return Looked(fresh, known, wrong)


async def judge_moved(tx: Tx) -> None:
    """Judge the stages of people whose history changed, some hundred a commit."""
    if await stages.judge_recounted(tx):
        later(tx, JUDGE)


async def _check(tx: Tx, row: PastImport) -> None:
    """Look at the next part: nothing is added."""
    kept = await tx.get(PastPart, (row.id, row.part))
    lines = past.unpacked(kept.body) if kept else []
    looked = await look(tx, row, lines)
    _count(row, lines, looked)
    good = [*looked.fresh, *looked.known]
    keys = {line.number: _key(row, line) for line in good}
    ways = {keys[line.number]: (line.openid, line.unionid, _blind(line.phone)) for line in good}
    fans = await who_are(tx, ways)
    row.of_fans += sum(keys[line.number] in fans for line in good)
    row.part += 1
    if row.part < row.parts:
        past.next_step(tx, row)
    else:
        row.state = PastImportState.CHECKED


async def _load(tx: Tx, row: PastImport) -> None:
    """Add the next part; of its lines the wrong ones alone are kept."""
    kept = await tx.get(PastPart, (row.id, row.part))
    lines = past.unpacked(kept.body) if kept else []
    looked = await look(tx, row, lines)
    _count(row, lines, looked)
    if looked.fresh:
        row.of_fans += await _add(tx, row, looked.fresh)
        row.added += len(looked.fresh)
    if kept is not None:
        await _keep_wrong(tx, kept, lines, looked.wrong)
    row.part += 1
    if row.part < row.parts:
        past.next_step(tx, row)
    else:
        row.state, row.ended_at = PastImportState.DONE, tx.now
        await _tell(tx)


async def _add(tx: Tx, row: PastImport, lines: Sequence[PastLine]) -> int:
    """Add purchases and whoever made them; for how many of them that is a fan."""
    ids = await _customers(tx, row, lines)
    whose = [ids[_key(row, line)] for line in lines]
    given = {
        "import_id": row.id,
        "source": row.source,
        "customers": whose,
        "numbers": [line.number for line in lines],
        "ats": [line.at for line in lines],
        "quantities": [line.quantity for line in lines],
        "fens": [line.amount_fen for line in lines],
        "products": [line.product for line in lines],
        "categories": [line.category for line in lines],
        "notes": [line.note for line in lines],
    }
    await tx.execute(_ADD, given)
    attached = await attach_customers(tx, sorted(set(whose)))
    await settle(tx, {*whose})
    return sum(one in attached for one in whose)


async def _customers(
    tx: Tx, row: PastImport, lines: Sequence[PastLine]
) -> dict[tuple[str, str, str], int]:
    """The customers of these lines by their keys, made if new; ways to find them are added."""
    firsts: dict[tuple[str, str, str], PastLine] = {}
    for line in lines:
        firsts.setdefault(_key(row, line), line)
    keys, people = list(firsts), list(firsts.values())
    named = {
        "kinds": [kind for kind, _, _ in keys],
        "scopes": [scope for _, scope, _ in keys],
        "blinds": [hashed for _, _, hashed in keys],
    }
    more = {
        "codes": [seal(one.key) if one.kind is PastField.CUSTOMER else None for one in people],
        "openids": [one.openid for one in people],
        "unionids": [one.unionid for one in people],
        "phones": [seal(one.phone) if one.phone else None for one in people],
        "phone_blinds": [_blind(one.phone) for one in people],
    }
    await tx.execute(_CUSTOMERS, named | more)
    scope = {kind: place for kind, place, _ in keys}
    return {(one.kind, scope[one.kind], one.blind): one.id for one in await tx.execute(_IDS, named)}


async def _take_away(tx: Tx, row: PastImport) -> None:
    """Take the next purchases away that this import added, and customers who have none left."""
    gone = list(await tx.scalars(_TAKE, {"import_id": row.id, "limit": past.PART}))
    customers = sorted(set(gone))
    await settle(tx, customers, dropped=True)
    await tx.execute(_EMPTY, {"customers": customers})
    row.looked_at += len(gone)
    row.part += 1
    if len(gone) == past.PART:
        past.next_step(tx, row)
        return
    row.state, row.ended_at = PastImportState.UNDONE, tx.now
    await tx.execute(delete(PastPart).where(PastPart.import_id == row.id))
    await _tell(tx)


async def _tell(tx: Tx) -> None:
    """Many have another history: their stages, segments and scores look again."""
    later(tx, JUDGE)
    for family in ("person", "did:past_bought"):
        await refresh_touching(tx, family)
    await ask_rfm(tx)


async def _keep_wrong(
    tx: Tx, kept: PastPart, lines: Sequence[Sequence[Any]], wrong: Sequence[WrongLine]
) -> None:
    if not wrong:
        await tx.delete(kept)
        return
    cells = {line[0]: line[1] for line in lines}
    told = sorted(wrong, key=lambda one: one.line)
    kept.body = past.packed(
        [[one.line, cells[one.line], [fault.value for fault in one.faults]] for one in told]
    )


def _count(row: PastImport, lines: Sequence[Any], looked: Looked) -> None:
    good = [*looked.fresh, *looked.known]
    row.looked_at += len(lines)
    row.good += len(good)
    row.wrong += len(looked.wrong)
    row.known += len(looked.known)
    row.amount_fen += sum(line.amount_fen for line in good)
    days = [day_of(line.at) for line in good]
    if days:
        row.first_on = min(row.first_on or days[0], *days)
        row.last_on = max(row.last_on or days[0], *days)
    told = Counter(fault.value for one in looked.wrong for fault in one.faults)
    row.faults = dict(Counter(row.faults) + told)


def _key(row: PastImport, line: PastLine) -> tuple[str, str, str]:
    """Kind, scope and blinded key: numbers of the merchant's own mean something in their source."""
    if line.kind in (
        PastField.OPENID,
        PastField.UNIONID,
    ):  # in which large and small letters differ
        return line.kind.value, "", blind(line.key.encode().hex())
    scope = row.source if line.kind is PastField.CUSTOMER else ""
    return line.kind.value, scope, blind(line.key)


def _blind(phone: str | None) -> str | None:
    return blind(phone) if phone else None
