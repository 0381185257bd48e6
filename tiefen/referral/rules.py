"""The law of referral: whom a link binds, what is odd, when a reward is due. Pure."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from tiefen.channels.errors import PeriodMalformed
from tiefen.kernel.days import CHINA
from tiefen.referral.errors import BadCode, BadRules
from tiefen.referral.values import EVER, Arrival, FriendRule, RewardState, RewardWhen, Rules, Span

STRANGER_FOR = timedelta(hours=1)
"""Signing in makes a record before the link is judged: so young a record is a stranger's."""
MOST_UP = 30
"""So many steps up are looked at for a loop; deeper chains are refused."""
SIGNATURE = 10
ALL_DAYS = "1970-01-01"
MOST_DAYS = 1_100
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def make_code(fan_id: int, signer: Callable[[str], str]) -> str:
    """The text of a fan's link: their number and a signature, so that none can be made up."""
    number, text = fan_id, ""
    while number:
        number, rest = divmod(number, 36)
        text = _LETTERS[rest] + text
    return f"{text or '0'}-{signer(str(fan_id))[:SIGNATURE]}"


def read_code(code: str, signer: Callable[[str], str]) -> int:
    """Whose link it is. Raises BadCode."""
    text, _, signature = code.strip().lower().partition("-")
    if not text or len(text) > 13 or any(letter not in _LETTERS for letter in text):
        raise BadCode
    fan_id = int(text, 36)
    if fan_id >= 2**63 or signer(str(fan_id))[:SIGNATURE] != signature:
        raise BadCode
    return fan_id


def judge(
    rules: Rules,
    *,
    friend: Sequence[int],
    referrer: int,
    above: Sequence[int],
    joined_at: datetime | None,
    orders: int,
    now: datetime,
) -> Arrival:
    """Whether a visit may bind. `friend`: all records of the person; `above`: who brought the
    referrer, and who brought them, and so on."""
    if not rules.enabled:
        return Arrival.OFF
    if referrer in friend:
        return Arrival.SELF
    if not set(friend).isdisjoint(above) or len(above) >= MOST_UP:
        return Arrival.LOOP
    if orders:
        return Arrival.KNOWN
    old = joined_at is None or now - joined_at > STRANGER_FOR
    if rules.who is FriendRule.STRANGERS and old:
        return Arrival.KNOWN
    return Arrival.BOUND


def kept_after(kept_fen: int, refund_fen: int) -> int:
    """What of a purchase is still paid after a refund, in fen; never below nothing."""
    return max(kept_fen - refund_fen, 0)


def goes(state: RewardState, kept_fen: int, min_paid_fen: int, *, whole: bool) -> bool:
    """Whether a reward that stands is no longer earned by what is kept of its purchase."""
    standing = state in (RewardState.HELD, RewardState.WAITING, RewardState.GIVEN)
    return standing and (whole or kept_fen < min_paid_fen)


def due_at(
    when: RewardWhen, paid_at: datetime, received_at: datetime | None, window: timedelta
) -> datetime | None:
    """When a purchase is rewarded; None: not known before the goods arrive."""
    if when is RewardWhen.PAID:
        return paid_at
    return received_at + window if received_at else None


def check(rules: Rules) -> None:
    """Raises BadRules with the field and the reason."""
    if not 1 <= rules.window_days <= 365:
        raise BadRules(field="window_days", why_zh="1 到 365 天", why_en="1 to 365 days")
    if rules.enabled and not (rules.referrer_template_id or rules.friend_template_id):
        raise BadRules(
            field="referrer_template_id",
            why_zh="请至少为一方选择奖励",
            why_en="choose a reward for one side at least",
        )


def span(first: date | None, last: date | None) -> Span:
    """The merchant's days from `first` to `last`, both included; None leaves a side open.

    Raises PeriodMalformed.
    """
    if first and last and (last < first or (last - first).days > MOST_DAYS):
        raise PeriodMalformed(field="last", most=MOST_DAYS)
    return Span(
        datetime.combine(first, time(), CHINA)
        if first and first > EVER.since.date()
        else EVER.since,
        datetime.combine(last, time(), CHINA) + timedelta(days=1)
        if last and last < EVER.until.date()
        else EVER.until,
    )
