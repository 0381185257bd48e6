"""Temporary media and article images."""

from starlette.datastructures import UploadFile
from starlette.responses import Response

from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result
from tiefen.sandbox.models import App, Media

THREE_DAYS = 259_200.0
# type → (most bytes, content types)
KINDS = {
    "image": (10 * 2**20, ("image/jpeg", "image/png", "image/gif", "image/bmp")),
    "voice": (2 * 2**20, ("audio/amr", "audio/mpeg", "audio/mp3")),
    "video": (10 * 2**20, ("video/mp4",)),
    "thumb": (64 * 1024, ("image/jpeg",)),
}
ARTICLE_IMAGE = 2**20
SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp"}


async def _uploaded(call: Call) -> tuple[bytes, str]:
    """The bytes and content type of the `media` part. Raises 41005 when there is none."""
    async with call.request.form() as form:
        file = form.get("media")
        if not isinstance(file, UploadFile):
            raise WxError(41005)
        data = await file.read()
        return data, sniff(data[:16]) or file.content_type or ""


def sniff(head: bytes) -> str:
    """The content type by the first bytes; "" when they tell nothing."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head.startswith(b"#!AMR"):
        return "audio/amr"
    if head.startswith((b"ID3", b"\xff\xfb")):
        return "audio/mpeg"
    return ""


def keep(box: Box, app: App, kind: str, content_type: str, data: bytes) -> Media:
    now = box.clock.time()
    media = Media(box.chance.token(64), app.app_id, kind, content_type, now, now + THREE_DAYS)
    box.media[media.media_id] = media
    box.store.put_blob(media.media_id, content_type, data)
    box.store.later("media", media.media_id, media)
    return media


async def upload(call: Call) -> Result:
    kind = call.query.get("type", "")
    if kind not in KINDS:
        raise WxError(40004)
    data, content_type = await _uploaded(call)
    most, types = KINDS[kind]
    if content_type not in types:
        raise WxError(40004)
    if len(data) > most:
        raise WxError(40009)
    media = keep(call.box, call.app, kind, content_type, data)
    name = "thumb_media_id" if kind == "thumb" else "media_id"
    return {"type": kind, name: media.media_id, "created_at": int(media.created_at)}


async def get(call: Call) -> Result:
    media = call.box.media.get(call.query.get("media_id", ""))
    if media is None or media.app_id != call.app.app_id:
        raise WxError(40007)
    if media.expires_at is not None and media.expires_at <= call.box.clock.time():
        raise WxError(40007)
    if media.type == "video":
        return {"video_url": f"{call.base()}/sandbox/media/{media.media_id}"}
    return blob(call.box, media.media_id)


async def upload_image(call: Call) -> Result:
    data, content_type = await _uploaded(call)
    if content_type not in {"image/jpeg", "image/png"}:
        raise WxError(40005)
    if len(data) > ARTICLE_IMAGE:
        raise WxError(40009)
    name = f"{call.box.chance.token(40)}.{SUFFIX[content_type]}"
    call.box.store.put_blob(name, content_type, data)
    return {"url": f"{call.base()}/sandbox/media/{name}"}


def blob(box: Box, name: str) -> Response:
    found = box.store.blob(name)
    if found is None:
        return Response(status_code=404)
    return Response(found[1], media_type=found[0])


APIS = [
    Api("POST", "/cgi-bin/media/upload", upload),
    Api("GET", "/cgi-bin/media/get", get),
    Api("POST", "/cgi-bin/media/uploadimg", upload_image, kinds=("oa",)),
]
