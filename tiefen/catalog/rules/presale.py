"""What a presale may say, and how it is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tiefen.catalog.errors import BadPresale
from tiefen.catalog.values import Presale
from tiefen.kernel.days import day_of

LONGEST = timedelta(days=180)
"""A refund must still be possible long after the balance: WeChat takes refunds for a year."""


def check_presale(wanted: Presale, prices: Sequence[int], now: datetime) -> None:
    """Refuse terms that make no sense for goods at these prices. Raises BadPresale."""
    if bool(wanted.deposit_fen) == bool(wanted.deposit_bp):
        _refuse("deposit_fen", "定金请填金额或比例其中一项", "an amount or a percentage")
    if wanted.deposit_fen >= min(prices):
        _refuse("deposit_fen", "定金要低于最低售价", "less than the lowest price")
    if wanted.worth_fen and not wanted.deposit_fen < wanted.worth_fen < min(prices):
        _refuse(
            "worth_fen",
            "抵扣金额要高于定金、低于最低售价，且定金按金额收取",
            "more than a fixed deposit and less than the lowest price",
        )
    if wanted.balance_from >= wanted.balance_until:
        _refuse("balance_until", "尾款结束要晚于开始", "after the balance begins")
    if wanted.balance_until > now + LONGEST:
        _refuse("balance_until", "尾款最晚在 180 天内", "within 180 days")
    if wanted.ships_by < day_of(wanted.balance_from):
        _refuse("ships_by", "发货日期不能早于尾款开始", "not before the balance begins")


def presale_of(kept: dict[str, Any] | None) -> Presale | None:
    """A presale as it was kept with its product."""
    return msgspec.convert(kept, Presale) if kept else None


def kept_presale(wanted: Presale | None) -> dict[str, Any] | None:
    """A presale as it is kept with its product."""
    if wanted is None:
        return None
    kept: dict[str, Any] = msgspec.to_builtins(wanted)
    return kept


def _refuse(field: str, zh: str, en: str) -> None:
    raise BadPresale(field=f"presale.{field}", why_zh=zh, why_en=en)
