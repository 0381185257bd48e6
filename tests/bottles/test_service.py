"""Scans: first, again, by others; the reward once, whatever the race; alarms; reminders."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from tests.bottles.factories import alarms, batch, fans, scan
from tests.fans.factories import APP
from tests.promotion.coupons import opened as opened_template
from tests.wechat.factories import configure
from tiefen.bottles import errors, queries, service
from tiefen.bottles.models import Bottle, BottleReward
from tiefen.bottles.service import scanning
from tiefen.bottles.values import BottleRewardState, Limits, RewardKind, Verdict
from tiefen.fans import service as people
from tiefen.fans.models import Fan
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.crypto import opened
from tiefen.kernel.db import Db
from tiefen.promotion import service as promotion

HERE, THERE = "330106", "110101"


async def coupon(db: Db, **more: Any) -> int:
    async with db.merchant("demo") as tx:
        return await opened_template(tx, name="再来一瓶减 10 元", **more)


async def test_the_first_scan_is_rewarded_and_the_next_one_told(db: Db, travel: Travel) -> None:
    made = await batch(
        db, reward=RewardKind.COUPON, coupon_template_id=await coupon(db), words="谢谢"
    )
    one, two = await fans(db, 2)
    first = await scan(db, one, made.codes[0], HERE)
    assert (first.verdict, first.serial, first.scans) == (Verdict.FIRST, 1, 1)
    assert first.reward
    assert first.reward.state is BottleRewardState.GIVEN
    assert first.reward.name == "再来一瓶减 10 元"
    travel.move(timedelta(hours=1))
    again = await scan(db, two, made.codes[0])
    assert (again.verdict, again.reward, again.scans) == (Verdict.SEEN, None, 2)
    assert (again.first_at, again.first_region) == (first.first_at, "浙江省")
    mine = await scan(db, one, made.codes[0].lower())
    assert (mine.verdict, mine.reward, mine.scans) == (Verdict.MINE, first.reward, 3)
    async with db.merchant("demo") as tx:
        counted = await queries.one_batch(tx, made.id)
        assert (counted.opened, counted.scans, counted.rewarded) == (1, 3, 1)
        assert await promotion.held_count(tx, one) == 1
        assert await promotion.held_count(tx, two) == 0
    assert await audit.run(db) == []


async def test_looking_again_at_once_is_the_same_scan_and_may_say_where(db: Db) -> None:
    made = await batch(db)
    (one,) = await fans(db, 1)
    assert (await scan(db, one, made.codes[0])).asks_region
    told = await scan(db, one, made.codes[0], HERE)
    assert (told.scans, told.asks_region, told.first_region) == (1, False, "浙江省")
    async with db.merchant("demo") as tx:
        (line,) = await queries.scans_of(tx, made.id, 1)
        assert (line.region, line.first) == (HERE, True)


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "planted bug: no guard"])
async def test_a_bottle_is_rewarded_once_however_many_scan_at_once(
    db: Db, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    made = await batch(db, reward=RewardKind.COUPON, coupon_template_id=await coupon(db))
    people = await fans(db, 8)
    if not guarded:  # looks first and writes later, as if nobody else were there
        touch = str(scanning._TOUCH).replace(
            "rewarded_at,", "CAST(NULL AS timestamptz) rewarded_at,"
        )
        take = "SELECT 1 WHERE CAST(:batch AS bigint) + CAST(:serial AS bigint) > 0 AND CAST(:now AS timestamptz) IS NOT NULL"
        monkeypatch.setattr(scanning, "_TOUCH", text(touch))
        monkeypatch.setattr(scanning, "_TAKE", text(take))

    results = await asyncio.gather(
        *(scan(db, people[n % 8], made.codes[0], HERE) for n in range(24)), return_exceptions=True
    )
    rewarded = [one for one in results if not isinstance(one, BaseException) and one.reward]
    broken = [one for one in results if isinstance(one, BaseException)]
    async with db.merchant("demo") as tx:
        counted = await queries.one_batch(tx, made.id)
        held = [await promotion.held_count(tx, one) for one in people]
    breaches = await audit.run(db)
    right = (
        not broken
        and sum(held) == counted.rewarded == 1
        and len({one.first_at for one in rewarded}) == 1
        and not breaches
    )
    assert right is guarded


async def test_bottles_not_handed_out_give_nothing_until_they_are(db: Db, travel: Travel) -> None:
    made = await batch(
        db, handed=False, reward=RewardKind.COUPON, coupon_template_id=await coupon(db)
    )
    (one,) = await fans(db, 1)
    early = await scan(db, one, made.codes[4])
    assert (early.verdict, early.reward) == (Verdict.INACTIVE, None)
    assert await alarms(db, made.id) == ["inactive"]
    async with db.merchant("demo") as tx:
        handed = await service.activate(tx, made.by, made.id, first=1, last=5)
        with pytest.raises(errors.RangeTaken):
            await service.activate(tx, made.by, made.id, first=5, last=9)
        with pytest.raises(errors.RangeWrong):
            await service.activate(tx, made.by, made.id, first=90, last=101)
        await service.activate(tx, made.by, made.id, first=6, last=9)
    travel.move(timedelta(hours=1))
    late = await scan(db, one, made.codes[4])
    assert (late.verdict, late.reward is not None) == (Verdict.MINE, True)
    async with db.merchant("demo") as tx:
        await service.withdraw(tx, made.by, made.id, handed)
    assert (await scan(db, one, made.codes[3])).verdict is Verdict.INACTIVE
    assert await audit.run(db) == []


async def test_a_made_up_code_and_another_merchants_are_unknown(db: Db) -> None:
    made = await batch(db)
    (one,) = await fans(db, 1)
    genuine = made.codes[0]
    other = ("B" if genuine[0] == "A" else "A") + genuine[1:]  # an ending of AA may be its own
    for code in ("A" * 26, other, "", "小林"):
        with pytest.raises(errors.BottleUnknown):
            await scan(db, one, code)
    async with db.merchant("other") as tx:
        with pytest.raises(errors.BottleUnknown):
            await service.scan(tx, 1, made.codes[0], service.Told())


async def test_a_copied_code_raises_one_alarm_a_reason(db: Db, travel: Travel) -> None:
    made = await batch(db)
    people = await fans(db, 4)
    async with db.merchant("demo") as tx:
        await service.save_limits(tx, made.by, Limits(24, 3, 2, 500))
    for n in range(4):
        await scan(db, people[n], made.codes[0], THERE if n == 3 else HERE)
        travel.move(timedelta(minutes=20))
    assert await alarms(db, made.id) == ["far_regions", "many_fans", "many_scans"]
    await scan(db, people[0], made.codes[0])
    assert len(await alarms(db, made.id)) == 3
    async with db.merchant("demo") as tx:
        (newest, _), *_ = await queries.alarm_list(
            tx, batch_id=made.id, closed=False, before_id=None, limit=9
        )
        await service.close_alarm(tx, made.by, newest.id, "门店样品")
    assert len(await alarms(db, made.id)) == 2


async def test_a_bottle_outside_of_its_territory_is_seen_and_counted(db: Db) -> None:
    made = await batch(db, handed=False)
    one, two = await fans(db, 2)
    async with db.merchant("demo") as tx:
        await service.activate(
            tx, made.by, made.id, first=1, last=50, dealer="杭州老周", territory=["330000"]
        )
    await scan(db, one, made.codes[0], HERE)
    await scan(db, two, made.codes[1], THERE)
    assert await alarms(db, made.id) == ["outside"]
    async with db.merchant("demo") as tx:
        (handed,) = await queries.ranges_of(tx, made.id)
        assert (handed.dealer, handed.bottles, handed.outside) == ("杭州老周", 2, 1)
        places = await queries.places_of(tx, made.id)
    assert {(one.province, one.bottles, one.outside) for one in places} == {
        ("330000", 1, 0),
        ("110000", 1, 1),
    }


async def test_a_reward_that_has_run_out_stays_owed_and_is_given_later(db: Db) -> None:
    template = await coupon(db, stock=1)
    made = await batch(db, reward=RewardKind.COUPON, coupon_template_id=template)
    one, two = await fans(db, 2)
    await scan(db, one, made.codes[0])
    owed = await scan(db, two, made.codes[1])
    assert owed.reward
    assert owed.reward.state is BottleRewardState.OWED
    async with db.merchant("demo") as tx:
        assert await service.pay_owed(tx) == 0
        await tx.execute(text("UPDATE coupon_template SET stock = 9"))
    async with db.merchant("demo") as tx:
        assert await service.pay_owed(tx) == 1
        assert await promotion.held_count(tx, two) == 1
        rewards = list(await tx.scalars(select(BottleReward)))
        assert {one.state for one in rewards} == {BottleRewardState.GIVEN}
    assert await audit.run(db) == []


async def test_a_reminder_comes_once_when_the_bottle_is_empty(db: Db, travel: Travel) -> None:
    await configure(db, app_id=APP)
    service.configure(public_url="http://test")
    made = await batch(db, cycle_days=30, remind_words="该补货啦")
    one, two = await fans(db, 2)
    await scan(db, one, made.codes[0])
    await scan(db, two, made.codes[0])
    async with db.merchant("demo") as tx:
        assert await service.remind_due(tx) == 0
    travel.move(timedelta(days=30))
    async with db.merchant("demo") as tx:
        assert await service.remind_due(tx) == 1
    async with db.merchant("demo") as tx:
        assert await service.remind_due(tx) == 0
        sent = list(await tx.scalars(text("SELECT body FROM wechat_message")))
        words = [json.loads(opened(body))["data"]["thing3"]["value"] for body in sent]
        assert words == ["该补货啦"]
        assert (await tx.get_one(Bottle, (made.id, 1))).reminded_at is not None


async def test_who_asked_not_to_be_written_to_or_does_not_follow_gets_no_reminder(
    db: Db, travel: Travel
) -> None:
    await configure(db, app_id=APP)
    service.configure(public_url="http://test")
    made = await batch(db, cycle_days=30)
    one, two = await fans(db, 2)
    await scan(db, one, made.codes[0])
    await scan(db, two, made.codes[1])
    async with db.merchant("demo") as tx:
        stranger = await people.resolve(tx, APP, "stranger")
    await scan(db, stranger, made.codes[2])
    travel.move(timedelta(days=30))
    async with db.merchant("demo") as tx:
        (await tx.get_one(Fan, one)).no_contact = True
    async with db.merchant("demo") as tx:
        assert await service.remind_due(tx) == 3
        wrote = await tx.scalars(text("SELECT count(*) FROM wechat_message"))
        assert list(wrote) == [1]
        assert (await tx.get_one(Bottle, (made.id, 1))).reminded_at is not None
