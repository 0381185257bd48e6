"""Facts of behaviour: counted with the line they come from, in the same commit."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans.models import Topic, folded
from tiefen.fans.values import FACTS, FactKind, Happening
from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import later

RECHECK = "fans.recheck"
_ADD = text(
    """
    INSERT INTO fan_fact AS f (fan_id, topic_id, day, times)
    SELECT :fan_id, topic, :day, 1 FROM unnest(CAST(:topics AS int[])) AS topic
    ON CONFLICT (fan_id, topic_id, day) DO UPDATE SET times = f.times + 1
    """
)
_WATCHED = text(
    """
    SELECT EXISTS (SELECT 1 FROM fan_segment WHERE archived_at IS NULL AND touches && :families)
        OR (:deeds AND EXISTS (SELECT 1 FROM fan_tag_rule WHERE active AND fact = ANY(:kinds)))
    """
)
_DROP = text("DELETE FROM fan_fact WHERE fan_id = ANY(:fans)")
_FOLD = text(
    f"""
    INSERT INTO fan_fact (fan_id, topic_id, day, times)
    SELECT fan_id, topic_id, day, times
    FROM ({folded("AND (f.id = ANY(:fans) OR f.merged_into = ANY(:fans))")}) AS folded
    """  # noqa: S608 our own text
)
_TOPICS = text(
    """
    SELECT t.kind, t.subject, t.id
    FROM unnest(CAST(:kinds AS text[]), CAST(:subjects AS text[])) AS asked(kind, subject)
    JOIN fan_topic AS t ON t.kind = asked.kind AND t.subject = asked.subject
    """
)
_ASKED = text(
    """
    SELECT subject FROM fan_topic
    WHERE kind = 'asked' AND subject <> '' AND strpos(lower(:said), subject) > 0
    """
)


async def count_facts(
    tx: Tx, fan_id: int, kind: Happening, at: datetime, data: Mapping[str, Any]
) -> None:
    """Count a fresh line of the timeline for its day; the caller holds the person's lock."""
    if kind not in FACTS:
        return
    base = FACTS[kind]
    about: dict[tuple[FactKind, str], str] = {(base, ""): ""}
    for product_id, name in data.get("products") or ():
        about[base, str(product_id)] = name
    for key in ("product_id", "key"):
        if data.get(key):
            about[base, str(data[key])] = ""
    for word in data.get("asked") or ():
        about[FactKind.ASKED, word] = ""
    ids = await topic_ids(tx, about)
    await tx.execute(_ADD, {"fan_id": fan_id, "day": day_of(at), "topics": ids})
    await note_change(
        tx, fan_id, [f"did:{one.value}" for one in {key[0] for key in about}] + ["person"]
    )


async def note_change(tx: Tx, fan_id: int, families: Sequence[str]) -> None:
    """Something rules look at has changed for a fan: look at them again if any rule does.

    The caller holds the person's lock. That, and the job's taking the same lock first, is why one
    waiting job for a fan is enough.
    """
    kinds = [one.removeprefix("did:") for one in families if one.startswith("did:")]
    if await tx.scalar(
        _WATCHED, {"families": list(families), "deeds": bool(kinds), "kinds": kinds}
    ):
        later(tx, RECHECK, fan_id=fan_id, key=f"fan:{fan_id}", aggregate=f"fan:{fan_id}")


async def topic_ids(tx: Tx, about: Mapping[tuple[FactKind, str], str]) -> list[int]:
    """The ids of topics, made if new; a name that is given is kept."""
    found = await _known(tx, about)
    missing = [key for key in sorted(about) if key not in found]
    if missing:
        rows = [{"kind": kind, "subject": of, "name": about[kind, of]} for kind, of in missing]
        await tx.execute(insert(Topic).values(rows).on_conflict_do_nothing())
        found = await _known(tx, about)
    return [found[key] for key in about]


async def watch_word(tx: Tx, word: str) -> None:
    """From now on count messages that hold a word. What was said before is sealed."""
    await topic_ids(tx, {(FactKind.ASKED, word): ""})


async def words_in(tx: Tx, said: str) -> list[str]:
    """The watched words that a message holds; they are kept beside it, for it is sealed."""
    return list(await tx.scalars(_ASKED, {"said": said}))


async def refold(tx: Tx, fan_ids: Sequence[int]) -> None:
    """Count the facts of some people anew from their timelines; the caller holds their locks."""
    await tx.execute(_DROP, {"fans": list(fan_ids)})
    await tx.execute(_FOLD, {"fans": list(fan_ids)})


async def _known(
    tx: Tx, about: Mapping[tuple[FactKind, str], str]
) -> dict[tuple[FactKind, str], int]:
    given = {"kinds": [kind.value for kind, _ in about], "subjects": [of for _, of in about]}
    rows = await tx.execute(_TOPICS, given)
    return {(FactKind(row.kind), row.subject): row.id for row in rows}
