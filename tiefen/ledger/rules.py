"""The chart of accounts, and what makes a transfer possible. Pure."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tiefen.kernel.money import MAX_FEN
from tiefen.ledger.values import Asset, Kind, Side, Transfer


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the chart. `name` may hold `{id}` for the owner; `guarded` keeps it at zero or more.

    `number` is the account's number in an accountant's books (企业会计准则), empty for what is not money.
    """

    name: str
    asset: Asset
    side: Side
    kind: Kind
    guarded: bool
    zh: str
    en: str
    number: str = ""


SUMMARIES = {
    "payment.succeeded": "收款",
    "payment.counter": "收款码收款",
    "payment.withdrawn": "提现",
    "payment.earned": "确认收入",
    "payment.refunded": "退款",
    "payment.forfeited": "定金不退",
    "payment.suspended": "转入待查",
    "payment.suspense_kept": "待查转收入",
    "payment.fee": "手续费",
    "payment.fee_returned": "退回手续费",
    "money.adjustment": "账户间调整",
    "money.write_off": "核销损失",
}
"""What an accountant reads for a transfer's code; the console's pages say the same."""

_CREDIT, _DEBIT = Side.CREDIT, Side.DEBIT
CHART: tuple[Entry, ...] = (
    Entry("wechat:clearing", Asset.CNY, _DEBIT, Kind.ASSET, False,
          "微信支付应收", "money WeChat holds for the merchant: charged less refunded", "1012.01"),
    Entry("bank", Asset.CNY, _DEBIT, Kind.ASSET, False,
          "银行存款", "what WeChat paid out to the merchant's bank, as its fund bill states it", "1002.01"),
    Entry("orders:unearned", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "预收货款", "paid orders that are not yet received", "2203.01"),
    Entry("suspense", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "待查款项", "money that fits no open order and waits to be refunded or explained", "2241.01"),
    Entry("revenue:goods", Asset.CNY, _CREDIT, Kind.INCOME, False,
          "商品收入", "received orders, less refunds after receipt", "6001.01"),
    Entry("revenue:counter", Asset.CNY, _CREDIT, Kind.INCOME, False,
          "收款码收入", "bare amounts collected at the counter, less refunds", "6001.02"),
    Entry("revenue:other", Asset.CNY, _CREDIT, Kind.INCOME, False,
          "其他收入", "suspense money kept with a reason, and deposits that were forfeited", "6051.01"),
    Entry("expense:payment_fee", Asset.CNY, _DEBIT, Kind.EXPENSE, False,
          "支付手续费", "WeChat's fee, as its bill states it", "6603.01"),
    Entry("expense:write_off", Asset.CNY, _DEBIT, Kind.EXPENSE, False,
          "核销损失", "money two people agreed will not come, with a reason", "6711.01"),
    Entry("expense:bonus", Asset.CNY, _DEBIT, Kind.EXPENSE, False,
          "赠送金支出", "bonus given with stored value", "6601.01"),
    Entry("expense:commission", Asset.CNY, _DEBIT, Kind.EXPENSE, False,
          "分销佣金支出", "commission promised to distributors", "6601.02"),
    Entry("expense:dealer_share", Asset.CNY, _DEBIT, Kind.EXPENSE, False,
          "经销商分成支出", "shares promised to dealers", "6601.03"),
    Entry("fan:{id}:principal", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "储值本金", "stored value a fan paid for", "2203.02"),
    Entry("fan:{id}:bonus", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "储值赠送", "stored value a fan was given", "2203.03"),
    Entry("fan:{id}:commission:pending", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "待确认佣金", "commission of orders still inside their after-sale window", "2241.02"),
    Entry("fan:{id}:commission:available", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "可提现佣金", "commission a distributor may withdraw", "2241.03"),
    Entry("fan:{id}:commission:frozen", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "提现冻结", "commission being paid out", "2241.04"),
    Entry("fan:{id}:commission:debt", Asset.CNY, _DEBIT, Kind.ASSET, True,
          "佣金欠款", "claw-back beyond what the distributor had left", "1221.01"),
    Entry("dealer:{id}:payable", Asset.CNY, _CREDIT, Kind.LIABILITY, True,
          "应付经销商", "what a dealer is owed", "2202.01"),
    Entry("points:issued", Asset.POINTS, _DEBIT, Kind.EXPENSE, False,
          "已发积分", "points granted less points spent and expired"),
    Entry("fan:{id}:points", Asset.POINTS, _CREDIT, Kind.LIABILITY, True,
          "会员积分", "points a fan may spend"),
    Entry("fan:{id}:points:debt", Asset.POINTS, _DEBIT, Kind.ASSET, True,
          "积分欠款", "claw-back beyond what the fan had left"),
)  # fmt: skip
_PATTERNS = tuple(
    (re.compile(re.escape(entry.name).replace(re.escape("{id}"), "[1-9][0-9]{0,18}")), entry)
    for entry in CHART
)
_CODE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
MAX_TEXT = 200
"""Longest reference and key, in characters."""
MAX_BATCH = 1_000
"""Most transfers in one post."""


class Flaw(StrEnum):
    """Why a transfer could never be posted."""

    AMOUNT = "amount"
    SAME_ACCOUNT = "same_account"
    ASSETS_DIFFER = "assets_differ"
    CODE = "code"
    REFERENCE = "reference"
    KEY = "key"


@cache
def entry_of(account: str) -> Entry | None:
    """The chart's line for an account name, or None when the chart has none."""
    return next((entry for pattern, entry in _PATTERNS if pattern.fullmatch(account)), None)


def flaw(transfer: Transfer) -> Flaw | None:
    """The first thing wrong with a transfer whose accounts are in the chart."""
    debit, credit = entry_of(transfer.debit), entry_of(transfer.credit)
    if type(transfer.amount_fen) is not int or not 0 < transfer.amount_fen <= MAX_FEN:
        return Flaw.AMOUNT
    if transfer.debit == transfer.credit:
        return Flaw.SAME_ACCOUNT
    if debit and credit and debit.asset != credit.asset:
        return Flaw.ASSETS_DIFFER
    if not _CODE.fullmatch(transfer.code):
        return Flaw.CODE
    if not 0 < len(transfer.reference) <= MAX_TEXT:
        return Flaw.REFERENCE
    if not 0 < len(transfer.key) <= MAX_TEXT:
        return Flaw.KEY
    return None


def unknown_account(transfers: Iterable[Transfer]) -> str | None:
    """The first account that is not in the chart."""
    names = (name for transfer in transfers for name in (transfer.debit, transfer.credit))
    return next((name for name in names if entry_of(name) is None), None)


def input_hash(transfer: Transfer) -> bytes:
    """What a key stands for: SHA-256 over the whole content, each part length-prefixed."""
    parts = (
        transfer.debit,
        transfer.credit,
        str(transfer.amount_fen),
        transfer.code,
        transfer.reference,
    )
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()


def contradiction(transfers: Sequence[Transfer]) -> str | None:
    """A key that one batch uses for two different transfers."""
    seen: dict[str, Transfer] = {}
    for transfer in transfers:
        if seen.setdefault(transfer.key, transfer) != transfer:
            return transfer.key
    return None


def net(transfers: Iterable[Transfer]) -> dict[str, int]:
    """How each account's balance, on its own side, moves when all the transfers are posted."""
    moves: dict[str, int] = defaultdict(int)
    for transfer in transfers:
        for name, side in ((transfer.debit, Side.DEBIT), (transfer.credit, Side.CREDIT)):
            entry = entry_of(name)
            grows = entry is None or entry.side is side
            moves[name] += transfer.amount_fen if grows else -transfer.amount_fen
    return dict(moves)


def shortfall(balances: Mapping[str, int], transfers: Iterable[Transfer]) -> tuple[str, int] | None:
    """The first guarded account (by name) a batch would take below zero, and by how much."""
    for name, move in sorted(net(transfers).items()):
        entry = entry_of(name)
        after = balances.get(name, 0) + move
        if entry and entry.guarded and after < 0:
            return name, -after
    return None
