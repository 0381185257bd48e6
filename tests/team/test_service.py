"""Sign-in, grants, owners, keys and the audit chain, on a real database and in races."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import event, func, select, text, update

from tests.conftest import Drain
from tests.team.factories import PASSWORD, actor, clerk, owner, role_id
from tiefen.kernel import audit
from tiefen.kernel.auth import Session, StaffActor
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.team import errors, queries, rules, service
from tiefen.team.models import AuditEntry, Staff
from tiefen.team.values import ALL_PERMISSIONS, Actor, Permission


async def sign_in(
    db: Db,
    password: str = PASSWORD,
    *,
    account: str = "boss",
    totp: str | None = None,
    ip: str = "9.9.9.9",
) -> str:
    return await service.sign_in(db, "demo", account=account, password=password, totp=totp, ip=ip)


async def breaches(db: Db) -> list[str]:
    return [breach.invariant for breach in await audit.run(db)]


async def test_signing_in_opens_a_session_of_the_right_person(db: Db) -> None:
    boss = await owner(db)
    await sign_in(db, account="  BOSS ")
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(Session.subject_id)) == boss.id
    assert boss.permissions == ALL_PERMISSIONS


async def test_unknown_account_wrong_password_and_switched_off_answer_alike(db: Db) -> None:
    boss = await owner(db)
    await clerk(db, boss, "gone", "客服")
    async with db.merchant("demo") as tx:
        await tx.execute(update(Staff).where(Staff.account == "gone").values(active=False))
    answers = set()
    for account, password in (("nobody", PASSWORD), ("boss", "wrong"), ("gone", PASSWORD)):
        with pytest.raises(errors.SignInRefused) as refused:
            await sign_in(db, password, account=account)
        answers.add((refused.value.code, refused.value.message()))
    assert len(answers) == 1


async def test_an_account_of_another_merchant_does_not_sign_in_here(db: Db) -> None:
    await owner(db, "other", "neighbour")
    with pytest.raises(errors.SignInRefused):
        await sign_in(db, account="neighbour")


async def test_tries_are_limited_by_account_and_address_and_the_owner_is_not_locked_out(
    db: Db, travel: Travel
) -> None:
    await owner(db)
    for _ in range(rules.PER_ACCOUNT_AND_IP.tries):
        with pytest.raises(errors.SignInRefused):
            await sign_in(db, "wrong", ip="6.6.6.6")
    with pytest.raises(errors.SignInTooOften) as refused:
        await sign_in(db, ip="6.6.6.6")
    assert 1 <= refused.value.retry_after <= 601
    assert await sign_in(db, ip="1.2.3.4")  # the real owner, elsewhere
    travel.move(timedelta(minutes=11))
    assert await sign_in(db, ip="6.6.6.6")


async def test_a_hundred_tries_at_once_are_a_hundred_tries(db: Db) -> None:
    await owner(db)
    results = await asyncio.gather(
        *(sign_in(db, f"guess {n}") for n in range(40)), return_exceptions=True
    )
    looked_at = [r for r in results if isinstance(r, errors.SignInRefused)]
    assert len(looked_at) == rules.PER_ACCOUNT_AND_IP.tries
    assert all(isinstance(r, Refusal) for r in results)


async def turn_totp_on(db: Db, who: int) -> tuple[str, list[str]]:
    me = await actor(db, who)
    async with db.merchant("demo") as tx:
        secret, _ = await service.start_totp(tx, me, "demo")
    async with db.merchant("demo") as tx:
        codes = await service.confirm_totp(tx, me, pyotp.TOTP(secret).at(tx.now))
    return secret, codes


async def test_the_second_step_is_asked_for_and_a_code_works_once(db: Db, travel: Travel) -> None:
    boss = await owner(db)
    secret, _ = await turn_totp_on(db, boss.id)
    with pytest.raises(errors.TotpRequired):
        await sign_in(db)
    with pytest.raises(errors.TotpRefused):  # the code that confirmed it is used up
        await sign_in(db, totp=pyotp.TOTP(secret).at(travel.now))
    travel.move(timedelta(seconds=30))
    code = pyotp.TOTP(secret).at(travel.now)
    results = await asyncio.gather(
        *(sign_in(db, totp=code, ip=f"10.0.0.{n}") for n in range(8)), return_exceptions=True
    )
    assert sum(isinstance(r, str) for r in results) == 1
    assert sum(isinstance(r, errors.TotpRefused) for r in results) == 7


async def test_a_recovery_code_works_once(db: Db, travel: Travel) -> None:
    boss = await owner(db)
    _, codes = await turn_totp_on(db, boss.id)
    assert len(set(codes)) == 8
    assert await sign_in(db, totp=codes[0])
    with pytest.raises(errors.TotpRefused):
        await sign_in(db, totp=codes[0])
    assert await sign_in(db, totp=codes[1])


async def test_a_new_password_ends_the_other_sessions(db: Db) -> None:
    boss = await owner(db)
    keep, _lose = await sign_in(db), await sign_in(db)
    async with db.merchant("demo") as tx:
        with pytest.raises(errors.PasswordWrong):
            await service.change_password(tx, boss, current="no", new="another 99x", token=keep)
        await service.change_password(tx, boss, current=PASSWORD, new="a brand new 7", token=keep)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Session)) == 1
    assert await sign_in(db, "a brand new 7")


async def test_nobody_grants_or_manages_beyond_themselves(db: Db) -> None:
    boss = await owner(db)
    async with db.merchant("demo") as tx:
        hr = await service.add_role(
            tx, boss, name="人事", permissions=[Permission.TEAM_READ, Permission.TEAM_WRITE]
        )
        owner_role = await role_id(tx, "店主")
    async with db.merchant("demo") as tx:
        made = await service.add_staff(
            tx, boss, account="hr", name="人事", password=PASSWORD, role_ids=[hr]
        )
    person = await actor(db, made)
    attempts: list[Callable[[Tx], Awaitable[object]]] = [
        lambda tx: service.add_staff(
            tx, person, account="x1", name="x", password=PASSWORD, role_ids=[owner_role]
        ),
        lambda tx: service.edit_staff(tx, person, person.id, role_ids=[owner_role]),
        lambda tx: service.reset_password(tx, person, boss.id, "taken over 1"),
        lambda tx: service.reset_totp(tx, person, boss.id),
        lambda tx: service.edit_staff(tx, person, boss.id, active=False),
        lambda tx: service.add_role(tx, person, name="y", permissions=["money.read"]),
        lambda tx: service.edit_role(
            tx, person, hr, name="人事", permissions=["team.write", "orders.refund"]
        ),
        lambda tx: service.make_api_key(
            tx, person, name="k", permissions=["orders.refund"], days=None
        ),
    ]
    for attempt in attempts:
        with pytest.raises(errors.BeyondYourself):
            async with db.merchant("demo") as tx:
                await attempt(tx)


async def test_two_owners_removing_each_other_leave_one(db: Db) -> None:
    first = await owner(db)
    second = await clerk(db, first, "boss2", "店主")

    async def fire(by: StaffActor, whom: int) -> None:
        async with db.merchant("demo") as tx:
            await service.edit_staff(tx, by, whom, active=False)

    bosses = await actor(db, first.id), await actor(db, second.id)
    results = await asyncio.gather(
        fire(bosses[0], second.id), fire(bosses[1], first.id), return_exceptions=True
    )
    assert sum(isinstance(r, errors.LastOwner) for r in results) == 1
    assert "A1.owner" not in await breaches(db)


async def test_the_owner_check_goes_red_without_the_rule(
    db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = await owner(db)
    monkeypatch.setattr(rules, "check_owner_remains", lambda *_, **__: None)
    async with db.merchant("demo") as tx:
        await service.edit_staff(tx, boss, boss.id, active=False)
    assert "A1.owner" in await breaches(db)


async def test_switching_off_ends_sessions(db: Db) -> None:
    boss = await owner(db)
    person = await clerk(db, boss, "lin", "客服")
    await sign_in(db, account="lin")
    async with db.merchant("demo") as tx:
        await service.edit_staff(tx, boss, person.id, active=False)
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(Session)) == 0
        assert await service.load_staff(tx, person.id) is None


async def test_a_key_holds_no_more_than_its_maker_now(db: Db) -> None:
    boss = await owner(db)
    person = await clerk(db, boss, "cash", "财务")
    async with db.merchant("demo") as tx:
        key_id, key = await service.make_api_key(
            tx, person, name="对账", permissions=["money.read", "orders.read"], days=30
        )
    async with db.merchant("demo") as tx:
        found = await service.load_api_key(tx, key)
        assert found
        assert found.permissions == {"money.read", "orders.read"}
        assert found.id == 0
        service_role = await role_id(tx, "客服")
        await service.edit_staff(tx, boss, person.id, role_ids=[service_role])
    async with db.merchant("demo") as tx:
        shrunk = await service.load_api_key(tx, key)
        assert shrunk
        assert shrunk.permissions == {"orders.read"}
        await service.revoke_api_key(tx, boss, key_id)
    async with db.merchant("demo") as tx:
        assert await service.load_api_key(tx, key) is None
        assert await service.load_api_key(tx, key + "x") is None


async def test_audit_rows_are_chained_in_races_and_tampering_is_seen(db: Db) -> None:
    async def act(n: int) -> None:
        async with db.merchant("demo") as tx:
            await service.record_audit(
                tx, Actor.system("test"), "test.acted", f"thing:{n}", after={"n": n}, reason="因为"
            )

    await asyncio.gather(*(act(n) for n in range(30)))
    async with db.merchant("demo") as tx:
        assert list(await tx.scalars(select(AuditEntry.seq).order_by(AuditEntry.seq))) == list(
            range(1, 31)
        )
        rows = await queries.audit_log(tx, before_seq=None, limit=50)
        assert rows[0]["reason"] == "因为"
        assert rows[0]["seq"] == 30
    assert await breaches(db) == []
    intruder = Db(db.url, app_role=False)
    async with intruder.merchant("demo") as tx:
        await tx.execute(
            text(
                "UPDATE audit_entry SET body = replace(body, 'thing:7', 'thing:8')"
                " WHERE target = 'thing:7'"
            )
        )
    await intruder.close()
    assert "A1.chain" in await breaches(db)


async def test_the_serving_role_cannot_change_the_audit_log(db: Db) -> None:
    for statement in ("DELETE FROM audit_entry", "UPDATE audit_entry SET body = '{}'"):
        with pytest.raises(Exception, match="permission denied"):
            async with db.merchant("demo") as tx:
                await tx.execute(text(statement))


async def test_an_act_that_is_rolled_back_leaves_no_audit_row(db: Db) -> None:
    with pytest.raises(RuntimeError):
        async with db.merchant("demo") as tx:
            await service.record_audit(tx, Actor.system("t"), "test.acted", "thing:1")
            raise RuntimeError
    async with db.merchant("demo") as tx:
        assert await tx.scalar(select(func.count()).select_from(AuditEntry)) == 0


async def test_a_binding_code_binds_once_and_not_after_its_time(
    db: Db, travel: Travel, drain: Drain
) -> None:
    boss = await owner(db)
    async with db.merchant("demo") as tx:
        scene = await service.make_bind_code(tx, boss)
    async with db.merchant("demo") as tx:
        await service.bind_by_scene(tx, app_id="wx1", openid="o1", scene=scene)
    async with db.merchant("demo") as tx:
        with pytest.raises(errors.BindCodeMissing):
            await service.bind_by_scene(tx, app_id="wx1", openid="o2", scene=scene)
        contacts = await service.order_contacts(tx)
        assert [(c.staff_id, c.openid) for c in contacts] == [(boss.id, "o1")]
        late = await service.make_bind_code(tx, boss)
    travel.move(timedelta(minutes=11))
    async with db.merchant("demo") as tx:
        with pytest.raises(errors.BindCodeMissing):
            await service.bind_by_scene(tx, app_id="wx1", openid="o2", scene=late)
    person = await clerk(db, boss, "lin", "客服")
    async with db.merchant("demo") as tx:
        with pytest.raises(errors.WechatTaken):
            await service.bind_wechat(tx, person.id, app_id="wx1", openid="o1")


async def test_staff_are_listed_in_two_statements(db: Db) -> None:
    boss = await owner(db)
    for n in range(5):
        await clerk(db, boss, f"c{n}x", "客服")
    async with db.merchant("demo") as tx:
        seen: list[str] = []
        connection = await tx.connection()
        event.listen(
            connection.sync_connection, "before_cursor_execute", lambda *a: seen.append(a[2])
        )
        lines = await queries.staff_list(tx, after=None, limit=100)
    assert len(lines) == 6
    assert len(seen) == 2
