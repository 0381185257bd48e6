"""What is written for spreadsheets."""

import pytest

from tiefen.kernel.text import plain_cell


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@x", "'@x"),
        ("-5", "-5"),
        ("-5.20", "-5.20"),
        ("-cmd", "'-cmd"),
        ("小林", "小林"),
        ("\n=1+1", "'\n=1+1"),
        ("-٣", "'-٣"),
        ("+86", "'+86"),
        ("", ""),
        (-12, "-12"),
    ],
)
def test_no_cell_of_an_export_is_a_formula(cell: object, shown: str) -> None:
    assert plain_cell(cell) == shown
