"""企业微信 ids of fans: external contacts of the merchant's company, put down by staff or by a program.

企业微信 tells nobody whose openid a contact is, so a person says so; the rest of the person is as ever:
the id stands beside those of 公众号 and 小程序, is exported, merged and erased with them.
"""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import rules
from tiefen.fans.errors import PersonErased, WecomMissing, WecomTaken
from tiefen.fans.models import Identity
from tiefen.fans.service.identity import person_ids
from tiefen.fans.service.timeline import add_line, lock_person
from tiefen.fans.values import Happening
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.team.service import record_audit


async def add_wecom(
    tx: Tx, actor: StaffActor, fan_id: int, *, corp_id: str, external_userid: str
) -> Identity:
    """Note that a fan is this external contact; again is the same.

    Raises FanMissing, PersonErased, and WecomTaken when the contact is another fan.
    """
    person = await lock_person(tx, fan_id)
    if person.erased_at is not None:
        raise PersonErased
    made = await tx.scalar(
        insert(Identity)
        .values(
            fan_id=person.id,
            app_id=corp_id,
            openid=external_userid,
            following=False,
            asked_at=tx.now,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
        .returning(Identity.id)
    )
    wanted = select(Identity).where(Identity.app_id == corp_id, Identity.openid == external_userid)
    found = (await tx.scalars(wanted)).one()
    holder = (await person_ids(tx, found.fan_id))[0]
    if holder != person.id:
        raise WecomTaken(fan_id=holder, field="external_userid")
    if made is None:
        return found
    ref, data = f"wecom:{found.id}", {"name": "企业微信"}
    await add_line(tx, person, Happening.PROFILE, ref, at=tx.now, data=data)
    told = {"corp_id": corp_id, "tail": external_userid[-4:]}
    await record_audit(tx, actor, "fans.wecom_added", f"fan:{person.id}", after=told)
    return found


async def drop_wecom(tx: Tx, actor: StaffActor, fan_id: int, identity_id: int) -> None:
    """Take an external contact off a fan. Raises FanMissing, WecomMissing."""
    person = await lock_person(tx, fan_id)
    records = await person_ids(tx, person.id)
    found = await tx.scalar(
        select(Identity).where(Identity.id == identity_id, Identity.fan_id.in_(records))
    )
    if found is None or not rules.EXTERNAL.match(found.openid):
        raise WecomMissing
    told = {"corp_id": found.app_id, "tail": found.openid[-4:]}
    await tx.execute(delete(Identity).where(Identity.id == identity_id))
    await record_audit(tx, actor, "fans.wecom_dropped", f"fan:{person.id}", before=told)
