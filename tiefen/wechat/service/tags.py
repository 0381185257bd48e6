"""Tags of the 公众号's followers. The platform's limits: 100 tags, names of 30, 20 a follower, 50 a call."""

from collections.abc import Sequence
from typing import Any

from tiefen.kernel.db import Db, Tx
from tiefen.wechat import credentials, tokens
from tiefen.wechat.errors import WeChatAway
from tiefen.wechat.values import AccountKind, PlatformTag

TAG_MEMBERS_AT_ONCE = 50
SYSTEM_TAGS = frozenset({0, 1, 2})
"""Groups of WeChat's own, which nobody edits."""


async def official_app_id(db: Db, merchant: str) -> str:
    """The app id of the 公众号. Raises NotConfigured."""
    return (await credentials.app(db, merchant, AccountKind.OFFICIAL)).app_id


async def own_app_id(tx: Tx) -> str:
    """As `official_app_id`, inside a transaction. Raises NotConfigured."""
    return (await credentials.load_app(tx, AccountKind.OFFICIAL)).app_id


async def list_tags(db: Db, merchant: str) -> list[PlatformTag]:
    """All tags of the account but WeChat's own. Raises ApiError, WeChatAway, NotConfigured."""
    data = await _call(db, merchant, "GET", "/cgi-bin/tags/get")
    return [
        PlatformTag(id=one["id"], name=str(one.get("name") or ""), fans=int(one.get("count") or 0))
        for one in data.get("tags") or []
        if isinstance(one.get("id"), int) and one["id"] not in SYSTEM_TAGS
    ]


async def create_tag(db: Db, merchant: str, name: str) -> int:
    """A new tag; returns the platform's id. Raises ApiError (45157 taken, 45158 long, 45056 full)."""
    data = await _call(db, merchant, "POST", "/cgi-bin/tags/create", {"tag": {"name": name}})
    made = data.get("tag")
    if not isinstance(made, dict) or not isinstance(made.get("id"), int):
        raise WeChatAway
    return int(made["id"])


async def rename_tag(db: Db, merchant: str, tag_id: int, name: str) -> None:
    """Another name for a tag. Raises ApiError, WeChatAway, NotConfigured."""
    body = {"tag": {"id": tag_id, "name": name}}
    await _call(db, merchant, "POST", "/cgi-bin/tags/update", body)


async def delete_tag(db: Db, merchant: str, tag_id: int) -> None:
    """Take a tag off everybody and away. Raises ApiError (45057 with over 100,000 fans), WeChatAway."""
    await _call(db, merchant, "POST", "/cgi-bin/tags/delete", {"tag": {"id": tag_id}})


async def set_tag(
    db: Db, merchant: str, tag_id: int, openids: Sequence[str], *, wears: bool
) -> None:
    """Put a tag on up to 50 followers, or take it off. One wrong openid refuses them all.

    Raises ApiError (45059: somebody wears 20 already; 49003, 40003: not a follower), WeChatAway.
    """
    way = "batchtagging" if wears else "batchuntagging"
    body = {"openid_list": list(openids), "tagid": tag_id}
    await _call(db, merchant, "POST", f"/cgi-bin/tags/members/{way}", body)


async def tag_page(db: Db, merchant: str, tag_id: int, after: str) -> tuple[list[str], str]:
    """A page of who wears a tag, and where the next begins ("" at the end). Raises ApiError, WeChatAway."""
    body = {"tagid": tag_id, "next_openid": after}
    data = await _call(db, merchant, "POST", "/cgi-bin/user/tag/get", body)
    openids = [one for one in (data.get("data") or {}).get("openid") or [] if isinstance(one, str)]
    return openids, str(data.get("next_openid") or "") if openids else ""


async def _call(
    db: Db, merchant: str, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    app = await credentials.app(db, merchant, AccountKind.OFFICIAL)
    return await tokens.call(db, merchant, app, method, path, body=body)
