"""The steps of the price calculation."""

from enum import StrEnum


class Step(StrEnum):
    """A step of the price calculation, as it stands in the trace."""

    LIST_PRICE = "list_price"
    LIMITED = "limited"
    LIMITED_PRICE = "limited_price"
    OFF = "off"
    PERCENT = "percent"
    GIFT = "gift"
    NTH = "nth"
    PACKAGE = "package"
    ADD_ON = "add_on"
    FREIGHT_WAIVED = "freight_waived"
    FREIGHT = "freight"
    FREIGHT_PIECES = "freight_pieces"
    FREIGHT_WEIGHT = "freight_weight"
    FREIGHT_VOLUME = "freight_volume"
    FREIGHT_FURTHER = "freight_further"
    """Only further units: the first fee is paid for goods of another template."""
    FREIGHT_FREE = "freight_free"
    FREIGHT_FREE_PIECES = "freight_free_pieces"
    SHORT_FEN = "short_fen"
    SHORT_PIECES = "short_pieces"
    BEATEN = "beaten"
    """Did not apply: another one of its group was better for the fan."""
    EXCHANGED = "exchanged"
    CLOSED = "closed"
    NEW_FANS = "new_fans"
    FIRST_ORDER = "first_order"
    USED_UP = "used_up"
    GIFT_OUT = "gift_out"
    NO_GAIN = "no_gain"
    PRESALE_BONUS = "presale_bonus"
    """定金膨胀: the deposit counts for more than it is."""
    LEVEL = "level"
    """会员价: so much off for who stands on a member level."""
    LEVEL_OUT = "level_out"
    """Goods that the merchant left out of level prices."""
    POINTS = "points"
    """积分抵扣: so many points pay a part."""
    POINTS_SHORT = "points_short"
    """The goods cost too little for points."""
    DEPOSIT = "deposit"
    """What is paid first, and what remains for the balance."""


MISSED = frozenset(
    {
        Step.SHORT_FEN,
        Step.SHORT_PIECES,
        Step.BEATEN,
        Step.CLOSED,
        Step.NEW_FANS,
        Step.FIRST_ORDER,
        Step.USED_UP,
        Step.GIFT_OUT,
        Step.NO_GAIN,
        Step.LEVEL_OUT,
        Step.POINTS_SHORT,
    }
)
"""Steps that tell why a promotion did not apply."""
