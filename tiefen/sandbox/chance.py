"""All chance of the sandbox, from one seed: the same seed and the same calls give the same identifiers.

Keys are the exception: RSA keys come from the operating system, since no library makes them from a seed.
"""

import base64
import hashlib
import random
import string

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


class Chance:
    def __init__(self, seed: int, boots: int = 0) -> None:
        self.seed = seed
        # A second start on the same data must not repeat the identifiers of the first.
        self._random = random.Random(f"{seed}/{boots}")

    def text(self, length: int, alphabet: str = ALNUM) -> str:
        return "".join(self._random.choices(alphabet, k=length))

    def digits(self, length: int) -> str:
        return self.text(length, string.digits)

    def hex(self, length: int) -> str:
        return self.text(length, HEX)

    def bytes(self, length: int) -> bytes:
        return self._random.randbytes(length)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)

    def token(self, length: int) -> str:
        """URL-safe text, as access tokens look."""
        return self.text(length, ALNUM + "-_")

    def rid(self) -> str:
        raw = self.hex(24)
        return f"{raw[:8]}-{raw[8:16]}-{raw[16:]}"

    def uuid(self) -> str:
        raw = self.hex(32)
        return f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"

    def openid(self, app_id: str, fan_id: int) -> str:
        """The same for the same seed, app and fan, whenever it is asked for."""
        app = base64.urlsafe_b64encode(hashlib.sha256(f"{self.seed}/{app_id}".encode()).digest())[
            :5
        ]
        fan = base64.urlsafe_b64encode(
            hashlib.sha256(f"{self.seed}/{app_id}/{fan_id}".encode()).digest()
        )[:22]
        return f"o{app.decode()}{fan.decode()}"

    def unionid(self, fan_id: int) -> str:
        fan = base64.urlsafe_b64encode(
            hashlib.sha256(f"{self.seed}/union/{fan_id}".encode()).digest()
        )[:22]
        return f"oUnio{fan.decode()}"
