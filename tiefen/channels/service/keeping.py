"""Where the room keeps files, and where its short addresses are: set once at composition."""

from tiefen.kernel.storage import Storage

_storage: list[Storage] = []
_public: list[str] = []


def configure(storage: Storage, *, public_url: str) -> None:
    """Where drawn files are kept, and the installation's public address. Called at composition."""
    _storage[:] = [storage]
    _public[:] = [public_url.rstrip("/")]


def short_address(merchant: str, slug: str) -> str:
    """The whole address of a link."""
    return f"{_public[0]}/m/{merchant}/l/{slug}"


async def keep_file(merchant: str, raw: bytes, suffix: str) -> str:
    """Keep a file we drew, or had drawn; returns its key."""
    return await _storage[0].put(merchant, raw, suffix=suffix)


async def read_file(key: str) -> bytes:
    """The bytes of a kept file. Raises NotFound."""
    return await _storage[0].get(key)


async def drop_file(key: str) -> None:
    """Delete a kept file."""
    await _storage[0].drop(key)
