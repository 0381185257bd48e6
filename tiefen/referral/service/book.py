"""The purchases friends made and the rewards promised for them, as both chapters see them."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import select, text

from tiefen.kernel.days import day_of
from tiefen.kernel.db import Tx
from tiefen.referral import rules
from tiefen.referral.models import ReferralOrder, ReferralReward
from tiefen.referral.values import RewardSide

ALL_DAYS = date.fromisoformat(rules.ALL_DAYS)
_UNCOUNT = text(
    """
    UPDATE referral_tally SET given = given - 1
    WHERE referrer_id = :fan AND day IN (:day, DATE '1970-01-01')
    """
)


async def locked(tx: Tx, order_no: str) -> ReferralOrder | None:
    """A friend's purchase, for the one who changes its rewards; None: nobody brought who bought."""
    return await tx.get(ReferralOrder, order_no, with_for_update=True, populate_existing=True)


async def rewards_of(tx: Tx, order_no: str) -> Sequence[ReferralReward]:
    """The rewards promised for a purchase, as they stand now."""
    found = await tx.scalars(
        select(ReferralReward)
        .where(ReferralReward.order_no == order_no)
        .order_by(ReferralReward.side)
        .execution_options(populate_existing=True)
    )
    return found.all()


def key_of(order_no: str, side: RewardSide) -> str:
    """The key under which a reward is given, once for ever."""
    return f"referral:{order_no}:{side.value}"


async def uncount(tx: Tx, fan_id: int, given_at: datetime) -> None:
    """A reward that is gone counts against no limit any more."""
    await tx.execute(_UNCOUNT, {"fan": fan_id, "day": day_of(given_at)})


async def uncount_all_days(tx: Tx, fan_id: int) -> None:
    """A reward that the day's limit refused does not count in all."""
    await tx.execute(_UNCOUNT, {"fan": fan_id, "day": ALL_DAYS})
