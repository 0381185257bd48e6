"""Sealed fields open for their merchant alone, and survive a key rotation."""

from collections.abc import Iterator

import pytest

from tiefen.kernel import crypto

OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    crypto.configure(NEW)
    yield
    crypto.configure(NEW)


def test_what_is_sealed_reads_back_and_never_looks_the_same() -> None:
    one, two = (crypto.seal("13812345678", merchant="demo") for _ in range(2))
    assert one != two
    assert "138" not in one
    assert crypto.unseal(one, merchant="demo") == "13812345678"


def test_another_merchant_cannot_open_it() -> None:
    sealed = crypto.seal("secret", merchant="demo")
    with pytest.raises(ValueError, match="no known key"):
        crypto.unseal(sealed, merchant="other")


def test_the_key_before_the_last_rotation_still_opens() -> None:
    crypto.configure(OLD)
    sealed = crypto.seal("secret", merchant="demo")
    crypto.configure(NEW, OLD)
    assert crypto.unseal(sealed, merchant="demo") == "secret"
    crypto.configure(NEW)
    with pytest.raises(ValueError, match="no known key"):
        crypto.unseal(sealed, merchant="demo")


def test_blind_hashes_find_equals_within_a_merchant_only() -> None:
    assert crypto.blind(" 138 ", merchant="demo") == crypto.blind("138", merchant="demo")
    assert crypto.blind("138", merchant="demo") != crypto.blind("138", merchant="other")


def test_without_a_merchant_nothing_is_sealed() -> None:
    with pytest.raises(ValueError, match="merchant in scope"):
        crypto.seal("x")


def test_masks_show_just_enough() -> None:
    assert crypto.mask_phone("13812345678") == "138****5678"
    assert crypto.mask_name("林小满") == "林**"
    assert crypto.mask_name("") == ""
