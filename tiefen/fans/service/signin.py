"""How a fan signs in: WeChat says who it is, nobody else."""

from datetime import timedelta
from functools import partial

from sqlalchemy import delete, select, text

from tiefen.fans import rules
from tiefen.fans.errors import OAuthStateRefused, SnapshotVisitor
from tiefen.fans.events import FanArrived
from tiefen.fans.models import Identity, UsedState
from tiefen.fans.service.identity import learn_unionid, resolve
from tiefen.fans.service.shown import was_seen
from tiefen.fans.service.timeline import hold
from tiefen.kernel import ids
from tiefen.kernel.auth import open_session
from tiefen.kernel.crypto import blind, sign
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.events import publish
from tiefen.wechat import service as wechat
from tiefen.wechat.values import OAuthIdentity

SESSION_LIFE = timedelta(days=30)
LEARN_AT_ONCE = 50
_USE = text(
    """
    INSERT INTO oauth_used_state (state, used_at) VALUES (:state, :now)
    ON CONFLICT DO NOTHING RETURNING state
    """
)
_SEEN = """
    UPDATE fan SET last_seen_at = greatest(last_seen_at, $2)
    WHERE id = $1 AND merged_into IS NULL AND own IS NULL RETURNING id
"""


async def oauth_url(tx: Tx, *, redirect: str, scope: str, nonce: str) -> str:
    """Where to send the browser that holds `nonce`; it comes back to `redirect`."""
    signer = partial(sign, f"oauth:{tx.merchant}")
    state = rules.make_state(nonce, ids.digest(ids.token())[:8].hex(), tx.now, signer)
    return await wechat.oauth_url(tx, redirect, scope, state=state)


async def recognise(db: Db, merchant: str, *, code: str, state: str, nonce: str) -> OAuthIdentity:
    """Who WeChat says came back; the state is good once and in one browser.

    Raises OAuthStateRefused, and what WeChat's refusal is.
    """
    async with db.merchant(merchant) as tx:
        rules.check_state(state, nonce, tx.now, partial(sign, f"oauth:{merchant}"))
        if await tx.scalar(_USE, {"state": state, "now": tx.now}) is None:
            raise OAuthStateRefused
    return await wechat.exchange_code(db, merchant, code)


async def recognise_mini(db: Db, merchant: str, *, code: str) -> OAuthIdentity:
    """Whoever `wx.login`'s code belongs to. Raises what WeChat's refusal is."""
    return await wechat.mini_login(db, merchant, code)


async def enter(
    tx: Tx, identity: OAuthIdentity, *, visitor: str = "", scene: str = ""
) -> tuple[str, int]:
    """A session for whoever WeChat recognised: its token, and the fan.

    `visitor` (what the browser's cookie says) and `scene` tell how they came. Raises
    SnapshotVisitor: nothing is ever bound to one.
    """
    if identity.snapshot:
        raise SnapshotVisitor
    fan_id = await resolve(tx, identity.app_id, identity.openid, identity.unionid)
    if not await tx.rows(_SEEN, fan_id, tx.now):  # one of several records of a person
        was_seen(*await hold(tx, fan_id), tx.now)
    if visitor or scene:
        came = FanArrived(fan_id, blind(visitor) if visitor else "", scene, tx.now)
        publish(tx, came, aggregate=f"fan:{fan_id}")
    return await open_session(tx, "fan", fan_id, SESSION_LIFE), fan_id


async def forget_used_states(tx: Tx) -> None:
    """States past their life need no remembering."""
    old = tx.now - 2 * rules.STATE_LIFE
    await tx.execute(delete(UsedState).where(UsedState.used_at < old))


async def ask_unionids(db: Db, merchant: str) -> int:
    """Ask the platform for the unionid of followers we know by openid alone.

    A few at a time: it costs one call each, and nothing waits for it. Returns how many it learnt.
    """
    async with db.merchant(merchant) as tx:
        rows = await tx.execute(
            select(Identity.id, Identity.openid)
            .where(Identity.asked_at.is_(None), Identity.unionid.is_(None), Identity.following)
            .order_by(Identity.id)
            .limit(LEARN_AT_ONCE)
        )
        waiting = [(row.id, row.openid) for row in rows]
    learnt = 0
    for identity_id, openid in waiting:
        try:
            info = await wechat.user_info(db, merchant, openid)
        except Refusal as refusal:
            if refusal.status != 404:  # the platform is away, or nothing is configured: later
                return learnt
            info = None
        async with db.merchant(merchant) as tx:
            row = await tx.get(Identity, identity_id)
            assert row is not None
            row.asked_at = tx.now
            await tx.flush()
            if info and info.unionid:
                await learn_unionid(tx, identity_id, info.unionid)
                learnt += 1
    return learnt
