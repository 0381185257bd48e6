"""The merchant's rules, a fan's link, and whom it binds."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import select, text

from tiefen.fans import service as fans
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.crypto import sign
from tiefen.kernel.db import Tx
from tiefen.referral import rules
from tiefen.referral.errors import RulesEdited
from tiefen.referral.models import ReferralRules
from tiefen.referral.values import Arrival, Rules
from tiefen.team import service as team

_ABOVE = text(
    """
    WITH RECURSIVE up AS (
        SELECT referrer_id, 1 AS depth FROM referral_bond WHERE friend_id = ANY(:ids) AND NOT lapsed
        UNION
        SELECT b.referrer_id, up.depth + 1 FROM up
        JOIN referral_bond b ON b.friend_id = up.referrer_id AND NOT b.lapsed
        WHERE up.depth < :most
    )
    SELECT referrer_id FROM up
    """
)
_LAPSE = text(
    """
    UPDATE referral_bond SET lapsed = true
    WHERE friend_id = ANY(:ids) AND NOT lapsed AND bought_at IS NULL AND until <= :now
    """
)
"""The guard: only a bond whose time is over, and that brought nothing, gives way."""
_BIND = text(
    """
    INSERT INTO referral_bond (friend_id, referrer_id, bound_at, until, lapsed, state, product_id,
        device, decided_by, decided_because)
    VALUES (:friend, :referrer, :now, :until, false, 'clear', :product, :device, '', '')
    ON CONFLICT (friend_id) WHERE NOT lapsed DO NOTHING RETURNING id
    """
)
_SAME_DEVICE = text(
    "SELECT EXISTS (SELECT FROM referral_device WHERE fan_id = ANY(:ids) AND device = :device)"
)
_NOTE_DEVICE = text(
    """
    INSERT INTO referral_device (fan_id, device, seen_at) VALUES (:fan, :device, :now)
    ON CONFLICT (fan_id, device) DO UPDATE SET seen_at = :now
    """
)


async def load(tx: Tx, *, lock: bool = False) -> Rules:
    """The merchant's rules; off until some are saved."""
    chosen = select(ReferralRules).where(ReferralRules.id == 1)
    row = await tx.scalar(chosen.with_for_update() if lock else chosen)
    if row is None:
        return Rules()
    return Rules(**{name: getattr(row, name) for name in asdict(Rules())})


async def save_rules(tx: Tx, actor: StaffActor, wanted: Rules) -> Rules:
    """Change the rules; purchases paid before keep theirs. `edits` is the number they were opened
    at. Raises BadRules, RulesEdited."""
    rules.check(wanted)
    before = await load(tx, lock=True)
    if wanted.edits != before.edits:
        raise RulesEdited(field="edits")
    after = replace(wanted, edits=before.edits + 1)
    if before.edits:
        row = await tx.get_one(ReferralRules, 1)
        for name, value in asdict(after).items():
            setattr(row, name, value)
        row.updated_at = tx.now
    else:
        tx.add(ReferralRules(id=1, updated_at=tx.now, **asdict(after)))
    await tx.flush()
    await team.record_audit(
        tx,
        actor,
        "referral.save_rules",
        "referral_rules",
        before=_plain(before),
        after=_plain(after),
    )
    return after


def link_code(tx: Tx, fan_id: int) -> str:
    """The text of a fan's link."""
    return rules.make_code(fan_id, _signer(tx))


async def owner_of(tx: Tx, code: str) -> int:
    """The living record of whose link it is. Raises BadCode."""
    return (await fans.person_ids(tx, rules.read_code(code, _signer(tx))))[0]


async def note_device(tx: Tx, fan_id: int, device: str) -> None:
    """Remember from where a referrer looks at their own page."""
    await tx.execute(_NOTE_DEVICE, {"fan": fan_id, "device": device, "now": tx.now})


async def arrive(
    tx: Tx, fan_id: int, code: str, *, product_id: int | None = None, device: str = ""
) -> Arrival:
    """A signed-in fan opened somebody's link: bind them, if the law allows. Raises BadCode.

    Snapshot visitors have no session, so they never come here. Binding is rare and takes turns
    (the rules' row is locked), so that no loop closes between two of them.
    """
    referrer = await owner_of(tx, code)
    mine = await fans.person_ids(tx, fan_id)
    wanted = await load(tx, lock=True)
    referrers = await fans.person_ids(tx, referrer)
    above = list(await tx.scalars(_ABOVE, {"ids": referrers, "most": rules.MOST_UP}))
    facts = (await fans.trade_facts(tx, [fan_id])).get(fan_id)
    found = rules.judge(
        wanted,
        friend=mine,
        referrer=referrer,
        above=above,
        joined_at=facts.joined_at if facts else None,
        orders=facts.orders if facts else 0,
        now=tx.now,
    )
    if found is not Arrival.BOUND:
        return found
    await tx.execute(_LAPSE, {"ids": mine, "now": tx.now})
    bond_id = await tx.scalar(
        _BIND,
        {
            "friend": mine[0],
            "referrer": referrer,
            "now": tx.now,
            "until": tx.now + timedelta(days=wanted.window_days),
            "product": product_id,
            "device": device,
        },
    )
    return Arrival.BOUND if bond_id is not None else Arrival.ALREADY


async def same_device(tx: Tx, fan_ids: Sequence[int], device: str) -> bool:
    """Whether one of these fans looked at their own page from there."""
    asked = {"ids": list(fan_ids), "device": device}
    return bool(device) and bool(await tx.scalar(_SAME_DEVICE, asked))


def _signer(tx: Tx) -> Any:
    return partial(sign, f"referral:{tx.merchant}")


def _plain(wanted: Rules) -> dict[str, Any]:
    return {
        name: value.value if hasattr(value, "value") else value
        for name, value in asdict(wanted).items()
    }
