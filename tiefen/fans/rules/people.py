"""People: names to search by, the sign-in state, redirects."""

import hmac
import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tiefen.fans.errors import OAuthStateRefused, PhoneMalformed, RedirectRefused
from tiefen.fans.values import IdentityPlatform

PHONE = re.compile(r"^1[3-9][0-9]{9}$")
STATE_LIFE = timedelta(minutes=10)
EXTERNAL = re.compile(r"w[mo][A-Za-z0-9_-]{18,62}$")
"""An external contact of 企业微信."""
NAMELESS = "粉丝"
"""What a fan is called who never told us a name, before the number."""
MAX_DIGITS = 12
"""Of a fan's number, beyond any that was given out."""


def platform_of(openid: str, kind: str | None) -> IdentityPlatform:
    """Where an id is from; `kind`: what the merchant's app of it is, if it is theirs.

    External contacts of 企业微信 are told by their own look: wm or wo, where an openid begins with o.
    """
    if EXTERNAL.match(openid):
        return IdentityPlatform.WECOM
    return IdentityPlatform(kind) if kind else IdentityPlatform.OTHER


def grams(*texts: str) -> list[str]:
    """Search keys of a name and a note: the characters and neighbouring pairs of each, folded.

    Emoji and punctuation count: people choose them as names.
    """
    bare = [fold(text) for text in texts]
    return sorted(
        {text[i : i + n] for text in bare for n in (1, 2) for i in range(len(text) - n + 1)}
    )


def query_grams(query: str) -> list[str]:
    """What a name must hold to match `query`: its pairs, or its only character."""
    text = fold(query)
    return [text] if len(text) == 1 else sorted({text[i : i + 2] for i in range(len(text) - 1)})


def fold(text: str) -> str:
    """Text as search compares it: width and case folded, no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def nameless_ids(query: str) -> list[tuple[int, int]] | None:
    """Which fans called 粉丝 and a number `query` means: ranges of ids, all (None), or nobody ([]).

    A number is found by its beginning: 粉丝12 is also the beginning of 粉丝120 to 粉丝129.
    """
    text = fold(query)
    if text and text in NAMELESS:
        return None
    head, digits = text.rstrip("0123456789"), text[len(text.rstrip("0123456789")) :]
    if not NAMELESS.endswith(head) or not digits or digits[0] == "0" or len(digits) > MAX_DIGITS:
        return []
    number = int(digits)
    scales = [10**n for n in range(MAX_DIGITS - len(digits) + 1)]
    return [(number * scale, number * scale + scale - 1) for scale in scales]


def clean_phone(phone: str) -> str:
    """A mainland mobile number without decoration; raises PhoneMalformed."""
    bare = re.sub(r"[ \-]", "", phone).removeprefix("+86")
    if not PHONE.match(bare):
        raise PhoneMalformed(field="phone")
    return bare


def whole_phone(text: str) -> str | None:
    """The number when `text` is a whole mobile number, however written; else None."""
    try:
        return clean_phone(text)
    except PhoneMalformed:
        return None


def make_state(nonce: str, rand: str, now: datetime, sign: Callable[[str], str]) -> str:
    """The OAuth state: expiry, chance, and a signature that also covers the browser's nonce.

    Letters and digits only and below 128 characters, as WeChat asks.
    """
    expires = int((now + STATE_LIFE).timestamp())
    head = f"{expires:x}g{rand}"
    return f"{head}g{sign(f'{head}|{nonce}')[:40]}"


def check_state(state: str, nonce: str, now: datetime, sign: Callable[[str], str]) -> None:
    """Raise OAuthStateRefused unless `state` is ours, alive, and this browser's."""
    head, _, signature = state.rpartition("g")
    expires, _, _rand = head.partition("g")
    good = hmac.compare_digest(sign(f"{head}|{nonce}")[:40].encode(), signature.encode())
    if not nonce or not good or not re.fullmatch(r"[0-9a-f]{1,12}", expires):
        raise OAuthStateRefused
    if int(expires, 16) < now.timestamp():
        raise OAuthStateRefused


def check_redirect(redirect: str, origins: frozenset[str]) -> str:
    """The absolute address to come back to; raises RedirectRefused for any host but ours.

    `origins` are `scheme://host[:port]`; the first in sorted order completes a bare path.
    """
    if "\\" in redirect or any(ord(char) < 33 for char in redirect) or len(redirect) > 1000:
        raise RedirectRefused(field="redirect")
    if redirect.startswith("/") and not redirect.startswith("//"):
        return redirect
    try:
        parts = urlsplit(redirect)
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        raise RedirectRefused(field="redirect") from None
    if origin not in origins or "@" in parts.netloc:
        raise RedirectRefused(field="redirect")
    return redirect


def display_name(fan_id: int, nickname: str) -> str:
    """What we call a fan who never told us a name."""
    return nickname or f"{NAMELESS}{fan_id}"
