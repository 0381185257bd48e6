"""What the team hears: somebody scanned a binding code."""

from tiefen.kernel import log
from tiefen.kernel.db import Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import on
from tiefen.team import service
from tiefen.team.values import BIND_PREFIX
from tiefen.wechat.events import Followed, Scanned

logger = log.get("team")


@on(Followed)
async def bind_follower(tx: Tx, event: Followed) -> None:
    """A binding code was the first thing this WeChat account scanned."""
    if event.scene and event.scene.startswith(BIND_PREFIX):
        await _bind(tx, event.app_id, event.openid, event.scene)


@on(Scanned)
async def bind_scanner(tx: Tx, event: Scanned) -> None:
    """A follower scanned a binding code."""
    if event.scene.startswith(BIND_PREFIX):
        await _bind(tx, event.app_id, event.openid, event.scene)


async def _bind(tx: Tx, app_id: str, openid: str, scene: str) -> None:
    try:
        await service.bind_by_scene(tx, app_id=app_id, openid=openid, scene=scene)
    except Refusal as refusal:  # an old or foreign code: the person sees nothing change
        logger.info("binding code refused", code=refusal.code)
