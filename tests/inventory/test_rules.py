"""Stock: what a change by hand may be."""

import pytest

from tiefen.inventory import rules
from tiefen.inventory.errors import BadAdjustment
from tiefen.inventory.values import MovementReason


@pytest.mark.parametrize(
    ("quantity", "reason", "fits"),
    [
        (5, MovementReason.RECEIVED, True),
        (-5, MovementReason.RECEIVED, False),
        (-5, MovementReason.LOST, True),
        (5, MovementReason.LOST, False),
        (5, MovementReason.COUNTED, True),
        (-5, MovementReason.COUNTED, True),
        (0, MovementReason.COUNTED, False),
    ],
)
def test_the_sign_fits_the_reason(quantity: int, reason: MovementReason, fits: bool) -> None:
    if fits:
        rules.check_adjustment(quantity, reason)
        return
    with pytest.raises(BadAdjustment) as refused:
        rules.check_adjustment(quantity, reason)
    assert refused.value.field == "quantity"
