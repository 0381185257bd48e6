"""People for tests of the team room."""

from argon2 import PasswordHasher
from sqlalchemy import select

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.team import service
from tiefen.team.models import Role
from tiefen.team.service import passwords

PASSWORD = "correct horse 9"


def cheap_hashing() -> None:
    """Make password hashes cheap: their cost is argon2's own business, not ours to test."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords._nobody.cache_clear()


async def owner(db: Db, merchant: str = "demo", account: str = "boss") -> StaffActor:
    """A merchant with its first owner."""
    async with db.merchant(merchant) as tx:
        made = await service.found_team(tx, account=account, name="林老板", password=PASSWORD)
    return await actor(db, made, merchant)


async def actor(db: Db, staff_id: int, merchant: str = "demo") -> StaffActor:
    """Who the member of staff is now."""
    async with db.merchant(merchant) as tx:
        found = await service.load_staff(tx, staff_id)
    assert found
    return found


async def role_id(tx: Tx, name: str) -> int:
    """The id of a role by name."""
    found = await tx.scalar(select(Role.id).where(Role.name == name))
    assert found
    return found


async def clerk(db: Db, by: StaffActor, account: str, role: str, name: str = "小林") -> StaffActor:
    """Another member of staff with one of the roles a merchant begins with."""
    async with db.merchant("demo") as tx:
        made = await service.add_staff(
            tx,
            by,
            account=account,
            name=name,
            password=PASSWORD,
            role_ids=[await role_id(tx, role)],
        )
    return await actor(db, made)
