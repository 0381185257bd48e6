"""Routes of files: pictures and videos in, and out to anybody."""

import re
from typing import Annotated

from fastapi import Depends, Header, Path, Response, UploadFile

from tiefen.catalog import rules
from tiefen.catalog.errors import NotAVideo
from tiefen.catalog.schemas import FileOut
from tiefen.kernel.auth import anyone, staff
from tiefen.kernel.http import REFUSALS, MerchantDep, StorageDep
from tiefen.kernel.routing import Routes
from tiefen.team.values import Permission

router = Routes(tags=["catalog"], responses=REFUSALS)
_SERVED = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Accept-Ranges": "bytes",
}
"""A key never gets other bytes, and a picture needs no rights in the page that shows it."""
_KINDS = {"webp": "image/webp", "mp4": "video/mp4"}
_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


@router.post(
    "/api/console/files",
    operation_id="uploadFile",
    status_code=201,
    dependencies=[Depends(staff(Permission.GOODS_WRITE, outward=True))],
)
async def upload_file(storage: StorageDep, merchant: MerchantDep, file: UploadFile) -> FileOut:
    """Store a picture: decoded and encoded anew, named here. No transaction is held meanwhile."""
    stored = await storage.put_picture(merchant, await file.read())
    return FileOut(key=stored.key, url=rules.file_url(stored.key))


@router.post(
    "/api/console/videos",
    operation_id="uploadVideo",
    status_code=201,
    dependencies=[Depends(staff(Permission.GOODS_WRITE, outward=True))],
)
async def upload_video(storage: StorageDep, merchant: MerchantDep, file: UploadFile) -> FileOut:
    """Store an MP4 as it is; it is only ever served as a video. No transaction is held meanwhile."""
    raw = await file.read()
    if not rules.is_mp4(raw):
        raise NotAVideo(field="file")
    key = await storage.put(merchant, raw, suffix="mp4")
    return FileOut(key=key, url=rules.file_url(key))


@router.get(
    "/files/{merchant}/{name}",
    operation_id="getFile",
    response_class=Response,
    dependencies=[Depends(anyone())],
)
async def get_file(
    storage: StorageDep,
    merchant: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,30}$")],
    name: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{8,64}\.(webp|mp4)$")],
    part: Annotated[str, Header(alias="Range", max_length=60)] = "",
) -> Response:
    """A stored picture or video, or the part of it a player asks for. Its name is its only secret."""
    body = await storage.get(f"{merchant}/{name}")
    kind = _KINDS[name.rsplit(".", 1)[1]]
    wanted = _RANGE.fullmatch(part)
    span = rules.byte_range(wanted[1], wanted[2], len(body)) if wanted else None
    if span is None:
        return Response(body, media_type=kind, headers=_SERVED)
    first, last = span
    told = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
    return Response(body[first : last + 1], 206, media_type=kind, headers=_SERVED | told)
