"""The audit log: written in the caller's transaction, chained at its very end.

The end of the chain is one row. It is locked by the last statement before the commit, so a
transaction that holds it waits for nothing else: no deadlock, and one round trip of contention.
An entry noted inside a savepoint that is rolled back is still written; record after, not inside.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import text

from tiefen.kernel import db as database
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import rules
from tiefen.team.values import Actor, ActorKind

_APPEND = text(
    """
    WITH head AS (
        INSERT INTO audit_head (id, seq, hash)
        VALUES (1, 1, sha256(sha256(convert_to(:body, 'UTF8'))))
        ON CONFLICT (id) DO UPDATE SET
            seq = audit_head.seq + 1,
            hash = sha256(audit_head.hash || sha256(convert_to(:body, 'UTF8')))
        RETURNING seq, hash
    )
    INSERT INTO audit_entry (seq, at, actor_kind, actor_id, actor_name, action, target, body, hash)
    SELECT seq, :at, :actor_kind, :actor_id, :actor_name, :action, :target, :body, hash FROM head
    """
)


async def record_audit(
    tx: Tx,
    actor: StaffActor | Actor,
    action: str,
    target: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Note who did what to what; the row exists exactly if `tx` commits.

    `action` is `room.verb_done`, `target` is `kind:id`; `before` and `after` are plain values and
    hold no personal data in clear.
    """
    who = actor if isinstance(actor, Actor) else _of_staff(actor)
    body = {
        "at": tx.now.isoformat(),
        "actor_kind": who.kind.value,
        "actor_id": who.id,
        "actor_name": who.name,
        "action": action,
        "target": target,
        "before": dict(before or {}),
        "after": dict(after or {}),
        "reason": reason,
        "request_id": structlog.contextvars.get_contextvars().get("request", ""),
    }
    row = {
        "at": tx.now,
        "actor_kind": who.kind.value,
        "actor_id": who.id,
        "actor_name": who.name,
        "action": action,
        "target": target,
        "body": rules.canonical(body),
    }
    tx.info.setdefault("audit", []).append(row)


async def _append(tx: Tx) -> None:
    for row in tx.info.pop("audit", ()):
        await tx.execute(_APPEND, row)


def _of_staff(actor: StaffActor) -> Actor:
    kind = ActorKind.STAFF if actor.id else ActorKind.API_KEY
    return Actor(kind, actor.id, actor.name)


database.before_commit.append(_append)
