"""What a review may say, and how it is shown."""

import re

from tiefen.kernel.crypto import mask_name, mask_phone

_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


def masked_words(words: str) -> str:
    """The words with phone numbers masked: what everybody reads holds no number to call."""
    return _PHONE.sub(lambda found: mask_phone(found[0]), words)


def author(name: str) -> str:
    """How the writer is called in public: the first character only."""
    return mask_name(name) or "匿*"
