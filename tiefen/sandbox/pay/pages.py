"""The H5 cashier: the page behind h5_url, opened in a browser outside WeChat."""

import html
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import parse_time
from tiefen.sandbox.errors import ControlError

from .charge import show_sheet


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
    if parse_time(sheet["expires_at"].replace("Z", "+00:00")) <= box.clock.time():
        return _page("<p>支付请求已失效，请重新发起支付</p>", 410)
    if not request.headers.get("referer"):
        return _page("<p>商家参数格式有误，请联系商家解决（没有 Referer）</p>", 400)
    back = request.query_params.get("redirect_url", "")
    back = back if urlsplit(back).scheme in {"http", "https"} else ""
    amount = f"¥{sheet['amount_fen'] // 100}.{sheet['amount_fen'] % 100:02d}"
    link = f'<p><a id="done" href="{html.escape(back)}">返回商家</a></p>' if back else ""
    return _page(
        f"<p>{html.escape(sheet['payee'])}</p><h1>{amount}</h1><p>{html.escape(sheet['description'])}</p>"
        f"<p>请在沙箱手机中确认支付：<code>{html.escape(prepay_id)}</code></p>{link}",
        200,
    )


def _page(body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>微信支付</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<body style="font:16px/1.6 system-ui,sans-serif;text-align:center;padding:32px 20px">{body}</body></html>',
        status_code=status,
    )
