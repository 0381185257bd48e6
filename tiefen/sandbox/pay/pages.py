"""The H5 cashier: the page behind h5_url, opened in a browser outside WeChat."""

import html
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import parse_time
from tiefen.sandbox.errors import ControlError

from .charge import show_sheet

OPENS = "weixin://wap/pay?prepayid="
"""What a phone's browser opens WeChat with."""


def routes(box: Box) -> list[Route]:
    async def cashier(request: Request) -> Response:
        return _cashier(box, request)

    return [Route("/cgi-bin/mmpayweb-bin/checkmweb", cashier)]


def _cashier(box: Box, request: Request) -> Response:
    prepay_id = request.query_params.get("prepay_id", "")
    try:
        sheet = show_sheet(box, prepay_id)
    except ControlError:
        return _page("<p>支付请求不存在</p>", 404)
    if sheet["product"] != "MWEB":
        return _page("<p>商家参数格式有误，请联系商家解决（不是 H5 支付的单）</p>", 400)
    if sheet["paid"]:
        return _page("<p>该订单已支付</p>", 200)
    if parse_time(sheet["expires_at"].replace("Z", "+00:00")) <= box.clock.time():
        return _page("<p>支付请求已失效，请重新发起支付</p>", 410)
    if not request.headers.get("referer"):
        return _page("<p>商家参数格式有误，请联系商家解决（没有 Referer）</p>", 400)
    if "MicroMessenger" in request.headers.get("user-agent", ""):
        return _page("<p>请在微信外打开订单，进行支付</p>", 400)
    back = request.query_params.get("redirect_url", "")
    if back and not _registered(box.merchants[sheet["mchid"]].h5_domains, back):
        return _page("<p>商家参数格式有误，请联系商家解决（redirect_url 的域名未登记）</p>", 400)
    return _page(_sheet(prepay_id, sheet, back), 200)


def _registered(domains: list[str], url: str) -> bool:
    """Whether a page may be come back to: web only, and on a registered host where any is."""
    found = urlsplit(url)
    if found.scheme not in {"http", "https"} or not found.hostname:
        return False
    return not domains or found.hostname in domains


def _sheet(prepay_id: str, sheet: dict[str, Any], back: str) -> str:
    amount = f"¥{sheet['amount_fen'] // 100}.{sheet['amount_fen'] % 100:02d}"
    link = f'<p><a id="done" href="{html.escape(back)}">返回商家</a></p>' if back else ""
    opens = html.escape(OPENS + prepay_id)
    return (
        f"<p>{html.escape(sheet['payee'])}</p><h1>{amount}</h1><p>{html.escape(sheet['description'])}</p>"
        f'<p>正在打开微信…没有打开时，在沙箱手机的“扫一扫”里粘贴：<br><code id="opens">{opens}</code></p>'
        f"{link}<script>{_OPEN}</script>"
    )


_OPEN = """
// A phone opens WeChat here; the sandbox phone around this page is asked to, and says when it is back.
if (parent !== window) {
  const opens = document.getElementById('opens').textContent
  addEventListener('message', (event) => {
    if (event.source !== parent || !event.data || event.data.type !== 'weixin:back') return
    const done = document.getElementById('done')
    if (done) location.replace(done.href)
    else history.back()
  })
  parent.postMessage({ type: 'weixin', opens }, '*')
}
"""


def _page(body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>微信支付</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<body style="font:16px/1.6 system-ui,sans-serif;text-align:center;padding:32px 20px">{body}</body></html>',
        status_code=status,
    )
