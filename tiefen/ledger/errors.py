"""What the ledger refuses, and why."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class InsufficientFunds(Conflict):
    """A guarded account would fall below zero; `account`, `balance_fen` and `short_fen` say how far."""

    code = "ledger.insufficient_funds"
    zh = "账户 {account} 余额不足"
    en = "Account {account} does not hold enough"


class KeyReused(Conflict):
    """The key already names another transfer: the caller has a bug or a replayed message differs."""

    code = "ledger.key_reused"
    zh = "记账键 {key} 已用于另一笔转账"
    en = "The key {key} already names another transfer"


class BadTransfer(Invalid):
    """A transfer that could never be posted; `reason` is one of `rules.Flaw`."""

    code = "ledger.bad_transfer"
    zh = "转账无效：{reason}"
    en = "The transfer is not valid: {reason}"


class UnknownAccount(Invalid):
    """The name is not in the chart of accounts."""

    code = "ledger.unknown_account"
    zh = "科目表中没有账户 {account}"
    en = "The chart of accounts has no {account}"


class TransferNotFound(NotFound):
    """No transfer has this key."""

    code = "ledger.transfer_not_found"
    zh = "没有找到这笔转账"
    en = "There is no such transfer"


class PeriodTooLong(Invalid):
    """More than one file, or one page of a statement, should hold."""

    code = "ledger.period_too_long"
    zh = "这段时间太长：最多 {most} 行，请分几次"
    en = "The period is too long: at most {most} lines; take it in parts"


class PeriodBackwards(Invalid):
    """It ends before it begins."""

    code = "ledger.period_backwards"
    zh = "结束日期早于开始日期"
    en = "The period ends before it begins"
