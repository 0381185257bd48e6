"""Coupons from issue to use to return, with every guard seen to hold under a rush."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from tests.catalog.factories import STAFF
from tests.inventory.factories import stocked
from tests.orders import factories as make
from tests.promotion.coupons import opened, template
from tiefen.kernel import audit
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.promotion import service
from tiefen.promotion.errors import (
    CodeWrong,
    CouponEnded,
    CouponGone,
    CouponLimit,
    TemplateEdited,
    TermsFixed,
)
from tiefen.promotion.service import issuing
from tiefen.promotion.values import CouponStatus

RUSH, ROUNDS = 64, 20


async def rush(db: Db, verb: Callable[..., Awaitable[int]], times: int = RUSH) -> list[object]:
    """`verb(tx, n)` at once, each in a transaction of its own."""

    async def one(number: int) -> object:
        try:
            async with db.merchant("demo") as tx:
                return await verb(tx, number)
        except Refusal as refusal:
            return refusal

    return await asyncio.gather(*(one(number) for number in range(times)))


async def held(db: Db, template_id: int) -> int:
    async with db.merchant("demo") as tx:
        return int(
            await tx.scalar(
                text("SELECT count(*) FROM coupon WHERE template_id = :id"), {"id": template_id}
            )
            or 0
        )


@pytest.mark.parametrize("planted", [False, True])
async def test_the_last_coupon_goes_to_one_of_64(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: nothing is asked of the stock."""
    async with db.merchant("demo") as tx:
        kinds = [await opened(tx, stock=1, per_fan=0) for _ in range(1 if planted else ROUNDS)]
        fans = [await make.fan(tx) for _ in range(8)]
    if planted:
        async with db.merchant("demo") as tx:
            await tx.execute(text("UPDATE coupon_template SET stock = 0"))
        careless = str(issuing._TAKE_ONE).replace("(stock = 0 OR issued < stock)", "true")
        monkeypatch.setattr(issuing, "_TAKE_ONE", text(careless))
    for one in kinds:

        async def claim(tx: Tx, number: int, one: int = one) -> int:
            return await service.claim_coupon(tx, fans[number % len(fans)], one)

        answers = await rush(db, claim)
        got = [answer for answer in answers if isinstance(answer, int)]
        if planted:
            assert len(got) > 1
            return
        assert len(got) == await held(db, one) == 1
        assert {type(answer) for answer in answers} == {int, CouponGone}
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_a_fan_takes_no_more_than_the_limit(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: the count goes up whatever it is."""
    async with db.merchant("demo") as tx:
        one = await opened(tx, per_fan=2)
        fan_id = await make.fan(tx)
    if planted:
        careless = str(issuing._COUNT_FAN).split("WHERE (SELECT")[0] + " RETURNING received"
        monkeypatch.setattr(issuing, "_COUNT_FAN", text(careless))
    answers = await rush(db, lambda tx, _: service.claim_coupon(tx, fan_id, one), 16)
    got = [answer for answer in answers if isinstance(answer, int)]
    if planted:
        assert len(got) > 2
        return
    assert len(got) == await held(db, one) == 2
    assert {type(answer) for answer in answers} == {int, CouponLimit}
    assert await audit.run(db) == []


@pytest.mark.parametrize("planted", [False, True])
async def test_one_key_gives_one_coupon(
    db: Db, monkeypatch: pytest.MonkeyPatch, planted: bool
) -> None:
    """Planted: the key is not written down."""
    async with db.merchant("demo") as tx:
        one = await opened(tx)
        fan_id = await make.fan(tx)
    if planted:
        careless = str(issuing._MAKE).replace(":way, :key,", ":way, nullif(:key, :key),")
        monkeypatch.setattr(issuing, "_MAKE", text(careless))
    answers = await rush(
        db, lambda tx, _: service.give_coupon(tx, fan_id, one, "deed:1", "谢谢"), 16
    )
    if planted:
        assert await held(db, one) > 1
        return
    assert len(set(answers)) == await held(db, one) == 1
    assert await audit.run(db) == []


async def test_what_was_given_can_be_taken_back_once(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx)
        fan_id = await make.fan(tx)
        await service.give_coupon(tx, fan_id, one, "deed:1", "谢谢")
        assert await service.held_count(tx, fan_id) == 1
    async with db.merchant("demo") as tx:
        first = await service.take_back_coupon(tx, "deed:1")
        again = await service.take_back_coupon(tx, "deed:1")
        assert (first.status, first.owed_fen) == (CouponStatus.TAKEN_BACK, 0)
        assert again == first
        assert (await service.take_back_coupon(tx, "never")).status is None
        assert await service.held_count(tx, fan_id) == 0
        found = await service.coupons_by_key(tx, ["deed:1", "never"])
        assert found["deed:1"].revoked
    assert await audit.run(db) == []


async def test_a_refused_gift_leaves_the_transaction_usable(db: Db) -> None:
    async with db.merchant("demo") as tx:
        draft = await service.create_template(tx, STAFF, template())
        one = await opened(tx, stock=1)
        fan_id, other = await make.fan(tx), await make.fan(tx)
        await service.give_coupon(tx, fan_id, one, "a", "")
        with pytest.raises(CouponGone):
            await service.give_coupon(tx, other, one, "b", "")
        with pytest.raises(CouponEnded):
            await service.give_coupon(tx, other, draft.id, "c", "")
        await service.end_template(tx, STAFF, one)
        await tx.flush()
        with pytest.raises(CouponEnded):
            await service.give_coupon(tx, other, one, "d", "")
    assert await held(db, one) == 1
    assert await audit.run(db) == []


async def test_a_code_is_worth_as_many_coupons_as_it_says(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx, claimable=False, per_fan=0)
        codes = await service.make_codes(tx, STAFF, one, 3, 1)
        (word,) = await service.make_codes(tx, STAFF, one, 1, 5, "FANS2026")
        fan_id = await make.fan(tx)
    assert len(set(codes)) == 3
    spaced = f"{codes[0][:4]}-{codes[0][4:]}".lower()
    answers = await rush(db, lambda tx, _: service.redeem_code(tx, fan_id, spaced), 16)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert {type(answer) for answer in answers} == {int, CodeWrong}
    answers = await rush(db, lambda tx, _: service.redeem_code(tx, fan_id, word), 16)
    assert sum(isinstance(answer, int) for answer in answers) == 5
    assert await audit.run(db) == []


async def test_terms_stay_once_it_is_open(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx)
        changed = template(terms={"off_fen": 2_000, "from_fen": 5_000})
        with pytest.raises(TermsFixed):
            await service.save_template(tx, STAFF, one, 1, changed)
        row = await service.save_template(tx, STAFF, one, 1, template(stock=9))
        assert row.stock == 9
        with pytest.raises(TemplateEdited):
            await service.save_template(tx, STAFF, one, 1, template(stock=8))


async def test_time_runs_out(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx, days=3)
        fan_id = await make.fan(tx)
        await service.claim_coupon(tx, fan_id, one)
    async with db.merchant("demo") as tx:
        await tx.execute(text("UPDATE coupon SET ends_at = now() - interval '1 minute'"))
        assert await service.held_count(tx, fan_id) == 0
        assert await service.expire_coupons(tx) == 1
        assert await service.expire_coupons(tx) == 0
    assert await audit.run(db) == []


async def test_a_budget_that_is_spent_stops_the_giving(db: Db) -> None:
    async with db.merchant("demo") as tx:
        one = await opened(tx, budget_fen=1_500, per_fan=0)
        sku_id = await stocked(tx, 50, skus=[{"price_fen": 5_000}])
        fan_id = await make.fan(tx)
        for number in range(3):
            await service.give_coupon(tx, fan_id, one, f"k{number}", "")
    for _ in range(2):
        async with db.merchant("demo") as tx:
            await make.place(tx, fan_id, (sku_id, 1))
    async with db.merchant("demo") as tx:
        with pytest.raises(CouponGone):
            await service.give_coupon(tx, fan_id, one, "k9", "")
    assert await audit.run(db) == []
