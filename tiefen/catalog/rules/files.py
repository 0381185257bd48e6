"""What may be stored and served as a file."""


def file_url(key: str) -> str:
    """Where a stored file is served, relative to the host; empty for no key."""
    return f"/files/{key}" if key else ""


def is_mp4(raw: bytes) -> bool:
    """Whether these bytes begin as an MP4 does. What follows is never read as anything but video."""
    return len(raw) > 16 and raw[4:8] == b"ftyp"


def byte_range(first: str, last: str, size: int) -> tuple[int, int] | None:
    """The bytes a `Range: bytes=first-last` asks for, both ends included; None = the whole file.

    `-500` is the last 500 bytes, `500-` everything from there.
    """
    if not size or not (first or last):
        return None
    if not first:
        start, end = max(size - int(last), 0), size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
    return (start, end) if start <= end else None
