"""Staff whom WeChat recognises: one tap binds a phone, and its notices open signed in from then on."""

from tiefen.fans import service as fans
from tiefen.helpdesk.errors import SnapshotStaff
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db
from tiefen.team import service as team
from tiefen.wechat.values import OAuthIdentity


async def bind_here(
    db: Db, merchant: str, actor: StaffActor, *, code: str, state: str, nonce: str
) -> None:
    """Bind the WeChat in which the page is open to the signed-in person.

    Raises OAuthStateRefused, SnapshotStaff, WechatTaken, and what WeChat's refusal is.
    """
    found = await _recognised(db, merchant, code, state, nonce)
    async with db.merchant(merchant) as tx:
        await team.bind_wechat(tx, actor.id, app_id=found.app_id, openid=found.openid)


async def enter(db: Db, merchant: str, *, code: str, state: str, nonce: str) -> str:
    """Open a session for whoever is bound to the WeChat in which the page is open.

    Raises WechatUnknown, TotpRequired, OAuthStateRefused, SnapshotStaff.
    """
    found = await _recognised(db, merchant, code, state, nonce)
    async with db.merchant(merchant) as tx:
        return await team.enter_by_wechat(tx, app_id=found.app_id, openid=found.openid)


async def _recognised(db: Db, merchant: str, code: str, state: str, nonce: str) -> OAuthIdentity:
    found = await fans.recognise(db, merchant, code=code, state=state, nonce=nonce)
    if found.snapshot:
        raise SnapshotStaff
    return found
