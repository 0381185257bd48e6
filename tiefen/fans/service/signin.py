"""How a fan signs in: WeChat says who it is, nobody else."""

from datetime import timedelta
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from tiefen.fans import rules
from tiefen.fans.errors import OAuthStateRefused, SnapshotVisitor
from tiefen.fans.models import Identity, UsedState
from tiefen.fans.service.identity import learn_unionid, resolve
from tiefen.fans.service.timeline import lock_person
from tiefen.kernel import clock, ids
from tiefen.kernel.auth import open_session
from tiefen.kernel.crypto import sign
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.wechat import service as wechat
from tiefen.wechat.values import OAuthIdentity

SESSION_LIFE = timedelta(days=30)
LEARN_AT_ONCE = 50


async def oauth_url(tx: Tx, *, redirect: str, scope: str, nonce: str) -> str:
    """Where to send the browser that holds `nonce`; it comes back to `redirect`."""
    signer = partial(sign, f"oauth:{tx.merchant}")
    state = rules.make_state(nonce, ids.digest(ids.token())[:8].hex(), tx.now, signer)
    return await wechat.oauth_url(tx, redirect, scope, state=state)


async def sign_in_oauth(
    db: Db, merchant: str, *, code: str, state: str, nonce: str
) -> tuple[str, int]:
    """A session for whoever WeChat says came back.

    Returns the token and the fan's id. Raises SnapshotVisitor and as `recognise`.
    """
    identity = await recognise(db, merchant, code=code, state=state, nonce=nonce)
    return await _enter(db, merchant, identity)


async def recognise(db: Db, merchant: str, *, code: str, state: str, nonce: str) -> OAuthIdentity:
    """Who WeChat says came back; the state is good once and in one browser.

    Raises OAuthStateRefused, and what WeChat's refusal is.
    """
    rules.check_state(state, nonce, clock.utcnow(), partial(sign, f"oauth:{merchant}"))
    async with db.merchant(merchant) as tx:
        fresh = await tx.scalar(
            insert(UsedState)
            .values(state=state, used_at=tx.now)
            .on_conflict_do_nothing()
            .returning(UsedState.state)
        )
        if fresh is None:
            raise OAuthStateRefused
    return await wechat.exchange_code(db, merchant, code)


async def sign_in_mini(db: Db, merchant: str, *, code: str) -> tuple[str, int]:
    """A session for whoever `wx.login`'s code belongs to. Returns the token and the fan's id."""
    return await _enter(db, merchant, await wechat.mini_login(db, merchant, code))


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


async def _enter(db: Db, merchant: str, identity: OAuthIdentity) -> tuple[str, int]:
    if identity.snapshot:
        raise SnapshotVisitor
    async with db.merchant(merchant) as tx:
        fan_id = await resolve(tx, identity.app_id, identity.openid, identity.unionid)
        person = await lock_person(tx, fan_id)
        person.last_seen_at = max(person.last_seen_at, tx.now)
        return await open_session(tx, "fan", person.id, SESSION_LIFE), person.id
