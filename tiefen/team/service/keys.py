"""API keys: programs that act for the merchant."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import or_, select, update

from tiefen.kernel import ids
from tiefen.kernel.auth import API_KEY_PREFIX, StaffActor
from tiefen.kernel.db import Tx
from tiefen.team import rules
from tiefen.team.errors import ApiKeyMissing, NotByKey
from tiefen.team.models import ApiKey
from tiefen.team.service.audit import record_audit
from tiefen.team.service.staff import load_staff

SHOWN = len(API_KEY_PREFIX) + 6
USED_EVERY = timedelta(minutes=1)
"""How precisely `last_used_at` is kept: a write per request would cost more than it tells."""


async def make_api_key(
    tx: Tx, actor: StaffActor, *, name: str, permissions: Iterable[str], days: int | None
) -> tuple[int, str]:
    """A key and its id; the key is not kept and cannot be shown again. Raises BeyondYourself."""
    if not actor.id:
        raise NotByKey(needs="staff")
    held = sorted(set(permissions))
    rules.check_grant(actor.permissions, held)
    key = API_KEY_PREFIX + ids.token()
    row = ApiKey(
        name=name,
        prefix=key[:SHOWN],
        key_hash=ids.digest(key),
        permissions=held,
        created_by=actor.id,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=days) if days else None,
    )
    tx.add(row)
    await tx.flush()
    after = {"name": name, "permissions": held, "days": days}
    await record_audit(tx, actor, "team.api_key_made", f"api_key:{row.id}", after=after)
    return row.id, key


async def revoke_api_key(tx: Tx, actor: StaffActor, key_id: int) -> None:
    """Make a key useless at once; safe to repeat. Raises ApiKeyMissing."""
    row = await tx.scalar(select(ApiKey).where(ApiKey.id == key_id).with_for_update())
    if row is None:
        raise ApiKeyMissing
    rules.check_grant(actor.permissions, row.permissions)
    if row.revoked_at is None:
        row.revoked_at = tx.now
        await record_audit(tx, actor, "team.api_key_revoked", f"api_key:{key_id}")


async def load_api_key(tx: Tx, key: str) -> StaffActor | None:
    """The actor of a key; it holds what it was given and its maker still holds."""
    row = await tx.scalar(
        select(ApiKey).where(
            ApiKey.key_hash == ids.digest(key),
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > tx.now),
        )
    )
    maker = await load_staff(tx, row.created_by) if row else None
    if row is None or maker is None:
        return None
    if row.last_used_at is None or row.last_used_at < tx.now - USED_EVERY:
        await tx.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=tx.now))
    return StaffActor(0, row.name, maker.permissions & frozenset(row.permissions))
