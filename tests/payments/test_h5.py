"""H5: a browser outside WeChat pays; its number, its five minutes, its address, and both ways at once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.conftest import Drain
from tests.payments.factories import FakeWeChat, attempts, begin, settle, start
from tiefen.kernel import audit
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.payments import rules, service
from tiefen.payments.errors import PayerMissing
from tiefen.payments.models import PaymentCharge, PaymentSuspense
from tiefen.payments.values import PaymentState, PayParams, SuspenseReason, SuspenseState
from tiefen.wechat.values import PayClientKind, RefundStatus

HOME, TRAIN = "203.0.113.7", "198.51.100.9"


async def browse(db: Db, order_no: str, address: str = HOME) -> PayParams:
    """Somebody taps pay in a browser outside WeChat."""
    return await service.begin(db, "demo", order_no, PayClientKind.H5, payer_ip=address)


async def test_an_address_is_good_for_four_minutes_and_asked_for_again_under_its_number(
    db: Db, wechat: FakeWeChat, travel: Travel
) -> None:
    intent = await start(db)
    first, again = await browse(db, intent.order_no), await browse(db, intent.order_no)
    assert first.h5_url
    assert (first.h5_url, first.out_trade_no) == (again.h5_url, again.out_trade_no)
    travel.move(timedelta(minutes=4))
    later = await browse(db, intent.order_no)
    assert later.h5_url != first.h5_url
    assert later.out_trade_no == first.out_trade_no
    assert [verb for verb, _ in wechat.calls] == ["h5", "h5"]


async def test_another_address_is_another_number_and_the_old_one_is_closed(
    db: Db, wechat: FakeWeChat, travel: Travel, drain: Drain
) -> None:
    intent = await start(db)
    home, train = await browse(db, intent.order_no), await browse(db, intent.order_no, TRAIN)
    assert home.out_trade_no != train.out_trade_no
    back = await browse(db, intent.order_no)
    assert back.out_trade_no not in (home.out_trade_no, train.out_trade_no)
    travel.move(rules.CLOSE_WAIT)
    await drain()
    closed = [number for verb, number in wechat.calls if verb == "close"]
    assert closed == [home.out_trade_no, train.out_trade_no]
    async with db.merchant("demo") as tx:
        marks = {one.payer_mark for one in await attempts(tx, intent.id)}
    assert len(marks) == 2
    assert not marks & {HOME, TRAIN}, "an address is kept so that it can be compared, not read"


async def test_no_address_no_payment(db: Db, wechat: FakeWeChat) -> None:
    intent = await start(db)
    with pytest.raises(PayerMissing):
        await service.begin(db, "demo", intent.order_no, PayClientKind.H5)
    assert wechat.calls == []


async def test_whoever_comes_back_from_the_browser_asks(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    intent = await start(db)
    params = await browse(db, intent.order_no)
    wechat.pay(params.out_trade_no, openid="o-a-friend")  # the notice is lost
    found = await service.poll(db, "demo", intent.order_no)
    assert found.state is PaymentState.PAID
    async with db.merchant("demo") as tx:
        by = await service.paid_by(tx, intent.order_no)
    assert by is not None
    assert (by.client, by.openid) == (PayClientKind.H5, "o-a-friend")


async def both_ways(db: Db, wechat: FakeWeChat) -> list[str]:
    """H5 and the sheet both take the money; ten notices of each arrive at once."""
    intent = await start(db, amount_fen=8_800)
    web, sheet = await browse(db, intent.order_no), await begin(db, intent.order_no)
    paid = [wechat.pay(web.out_trade_no), wechat.pay(sheet.out_trade_no)]
    said = await asyncio.gather(*(settle(db, paid[n % 2]) for n in range(20)))
    async with db.merchant("demo") as tx:
        kept = await tx.scalars(select(PaymentCharge).where(PaymentCharge.applied))
        assert len(kept.all()) == 1, "one order takes one payment"
    return list(said)


async def test_paid_both_ways_at_once_the_second_goes_back(
    db: Db, wechat: FakeWeChat, drain: Drain
) -> None:
    wechat.refund_status = RefundStatus.SUCCESS
    said = await both_ways(db, wechat)
    assert said.count("applied") == 1
    await drain()
    async with db.merchant("demo") as tx:
        (held,) = await tx.scalars(select(PaymentSuspense))
    assert (held.reason, held.state) == (SuspenseReason.DOUBLE, SuspenseState.REFUNDED)
    assert wechat.refunded_fen() == 8_800
    assert await audit.run(db) == []


async def test_a_judge_that_forgets_what_is_paid_is_caught(
    db: Db, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: every piece of evidence pays its order."""
    monkeypatch.setattr(rules, "judge", lambda *_: None)
    with pytest.raises(IntegrityError, match="uq_payment_charge_applied"):
        await both_ways(db, wechat)
