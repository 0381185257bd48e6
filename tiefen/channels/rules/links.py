"""Pure decisions about short links: who opens one, and where it leads."""

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from tiefen.channels.values import LinkPlatform, LinkTarget

VISIT_WINDOW = timedelta(days=30)
"""How long after a visit its browser may still become a known fan."""
SLUG_LENGTH = 7
SLUG_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""No letter that is taken for another one when read aloud or typed."""
MEDIUMS = {
    LinkPlatform.BAIDU: "search",
    LinkPlatform.TAOBAO: "marketplace",
    LinkPlatform.TOUTIAO: "feed",
    LinkPlatform.SMS: "sms",
    LinkPlatform.OWN: "referral",
}
_PROGRAM = re.compile(
    r"bot\b|spider|crawl|slurp|preview|monitor|headless|lighthouse|facebookexternal|fetcher"
    r"|curl|wget|python|okhttp|go-http|libwww|httpclient",
    re.IGNORECASE,
)
_WECHAT = re.compile(r"MicroMessenger", re.IGNORECASE)


def is_program(agent: str, purpose: str = "") -> bool:
    """Whether nobody looks: a crawler, a link preview, a browser that loads ahead of its reader."""
    if "prefetch" in purpose.lower() or "preview" in purpose.lower():
        return True
    return not agent.strip() or "mozilla" not in agent.lower() or bool(_PROGRAM.search(agent))


def in_wechat(agent: str) -> bool:
    """Whether this is WeChat's own browser."""
    return bool(_WECHAT.search(agent))


def utm(platform: LinkPlatform, source: str, medium: str, campaign: str) -> dict[str, str]:
    """The three UTM words of a link; what the merchant left empty follows from the platform."""
    return {
        "utm_source": source or platform.value,
        "utm_medium": medium or MEDIUMS.get(platform, "social"),
        "utm_campaign": campaign,
    }


def shop_path(
    target: LinkTarget, product_id: int | None, slug: str, words: Mapping[str, str]
) -> str:
    """The page of the shop a link leads to, seen from the link's own address."""
    query = urlencode({"via": slug, **{name: word for name, word in words.items() if word}})
    page = f"#/products/{product_id}" if target is LinkTarget.PRODUCT else "#/home"
    return f"../shop/?{query}{page}"
