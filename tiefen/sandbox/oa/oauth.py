"""Web authorisation: the page, its codes, and the /sns interface behind it."""

import hmac
import html
import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from tiefen.sandbox import world
from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import ControlError, WxError
from tiefen.sandbox.gateway import Api, Call, Result, base_url, ok, shown_url
from tiefen.sandbox.models import App, Fan

CODE_SECONDS = 300.0
TOKEN_SECONDS = 7200.0
REFRESH_SECONDS = 30 * 86400.0
SCOPES = {"snsapi_base", "snsapi_userinfo"}
CHOICES = 60


class PageError(Exception):
    """A refusal shown as a page, with the platform's number."""

    def __init__(self, number: int, text: str) -> None:
        self.number, self.text = number, text
        super().__init__(f"{number} {text}")


def check_request(box: Box, query: dict[str, str]) -> tuple[App, str]:
    """The account and the redirect address. Raises PageError for what the platform would refuse."""
    app = box.apps.get(query.get("appid", ""))
    if app is None or app.kind != "oa":
        raise PageError(10012, "appid 参数错误")
    if not app.verified:
        raise PageError(10016, "公众号没有网页授权权限")
    redirect = query.get("redirect_uri", "")
    host = urlsplit(redirect).netloc
    if not redirect.startswith(("http://", "https://")) or not host:
        raise PageError(10003, "redirect_uri 参数错误")
    if app.oauth_domain != "*" and app.oauth_domain not in {host, host.partition(":")[0]}:
        raise PageError(10003, "redirect_uri域名与后台配置不一致")
    if not query.get("scope"):
        raise PageError(10005, "scope不能为空")
    if query["scope"] not in SCOPES or query.get("response_type") != "code":
        raise PageError(10010, "scope 或 response_type 参数错误")
    if len(query.get("state", "")) > 128:
        raise PageError(10013, "state不能太长")
    return app, redirect


def issue_code(box: Box, app: App, fan: Fan, scope: str, *, snapshot: bool = False) -> str:
    """A code for this fan; `snapshot`: as from the snapshot page, so for a throw-away virtual account."""
    code = f"0{box.chance.text(31)}"
    openid = f"o{box.chance.token(27)}" if snapshot else box.relation(app.app_id, fan.id).openid
    kept = {
        "app_id": app.app_id,
        "fan": fan.id,
        "scope": scope,
        "openid": openid,
        "snapshot": snapshot,
    }
    box.remember(f"oauth/{code}", kept | {"used": False}, CODE_SECONDS)
    return code


def back(redirect: str, code: str, state: str | None) -> str:
    """The redirect address with code and state, as the platform appends them."""
    parts = urlsplit(redirect)
    query = parse_qsl(parts.query, keep_blank_values=True)
    if code:
        query.append(("code", code))
    query.append(("state", state or ""))
    return urlunsplit(parts._replace(query=urlencode(query)))


def find_fan(box: Box, request: Request) -> Fan | None:
    """The fan whose phone this is: query, then header, then (outside frames) cookie."""
    named = request.query_params.get("sandbox_fan") or request.headers.get("x-sandbox-fan")
    framed = request.headers.get("sec-fetch-dest") == "iframe"
    if not named and not framed:
        named = request.cookies.get("sandbox_fan")
    if not named:
        return None
    try:
        return box.fan(named)
    except ControlError:
        return None


def routes(box: Box) -> list[Route]:
    async def authorize(request: Request) -> Response:
        box.touch()
        query = dict(request.query_params)
        entry = box.wire.open(
            box.clock.time(),
            "in",
            "page",
            query.get("appid", ""),
            "GET",
            shown_url(request),
            request.headers.items(),
            b"",
        )
        response = _authorize(box, request, query)
        entry.status, entry.response_headers = response.status_code, response.headers.items()
        box.wire.close(entry)
        return response

    async def head(request: Request) -> Response:
        fan = box.fan(request.path_params["fan"])
        return Response(world.avatar_svg(fan), media_type="image/svg+xml")

    return [Route("/connect/oauth2/authorize", authorize), Route("/mmhead/{fan}/{size}", head)]


def _authorize(box: Box, request: Request, query: dict[str, str]) -> Response:
    try:
        app, redirect = check_request(box, query)
    except PageError as error:
        return _page(
            "授权失败", f"<h2>{error.number}</h2><p>{html.escape(error.text)}</p>", status=400
        )
    fan = find_fan(box, request)
    if fan is None:
        return _choose(box, request)
    consent = query.get("sandbox_consent") or request.headers.get("x-sandbox-consent")
    if query["scope"] == "snsapi_userinfo" and consent not in {"allow", "deny"}:
        return _consent(app, fan, request)
    snapshot = query["scope"] == "snsapi_userinfo" and bool(query.get("sandbox_snapshot"))
    code = "" if consent == "deny" else issue_code(box, app, fan, query["scope"], snapshot=snapshot)
    return RedirectResponse(back(redirect, code, query.get("state")), status_code=302)


def _page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><style>'
        "body{font:16px/1.6 system-ui,sans-serif;margin:0;padding:32px 20px;text-align:center;color:#191919}"
        "a{display:block;margin:10px auto;max-width:280px;padding:10px;border-radius:8px;text-decoration:none;"
        "background:#f2f2f2;color:#191919}a.ok{background:#07c160;color:#fff}img{width:64px;border-radius:8px}"
        f"</style><body>{body}</body></html>",
        status_code=status,
    )


def _with(request: Request, **more: str) -> str:
    query = [(k, v) for k, v in request.query_params.multi_items() if k not in more]
    return f"{request.url.path}?{urlencode(query + list(more.items()))}"


def _consent(app: App, fan: Fan, request: Request) -> HTMLResponse:
    allow = html.escape(_with(request, sandbox_fan=str(fan.id), sandbox_consent="allow"))
    deny = html.escape(_with(request, sandbox_fan=str(fan.id), sandbox_consent="deny"))
    return _page(
        "微信授权",
        f'<img alt="" src="{world.avatar(fan)}"><h3>{html.escape(app.name)} 申请获取以下权限</h3>'
        f"<p>获得你的昵称、头像（{html.escape(fan.nickname)}）</p>"
        f'<a class="ok" id="allow" href="{allow}">允许</a><a id="deny" href="{deny}">拒绝</a>',
    )


def _choose(box: Box, request: Request) -> HTMLResponse:
    """No fan yet: take the one the frame is named after, else the cookie's, else let a person choose."""
    links = "".join(
        f'<a href="{html.escape(_with(request, sandbox_fan=str(fan.id)))}">{html.escape(fan.nickname)}</a>'
        for fan in list(box.fans.values())[:CHOICES]
    )
    cookie = request.cookies.get("sandbox_fan", "")
    fallback = json.dumps(cookie if cookie.isalnum() else "")
    script = (
        "<script>(function(){var m=/^sandbox_fan:([\\w-]+)$/.exec(window.name||'');"
        f"var fan=m?m[1]:{fallback};"
        "if(fan){var u=new URL(location.href);u.searchParams.set('sandbox_fan',fan);location.replace(u)}"
        "})()</script>"
    )
    return _page("选择粉丝", f"{script}<h3>这是谁的手机？</h3>{links or '<p>沙箱里还没有粉丝</p>'}")


# -- /sns -----------------------------------------------------------------------------------------------------------


def _app(call: Call) -> App:
    app = call.box.apps.get(call.query.get("appid", ""))
    if app is None:
        raise WxError(40013)
    return app


def check_secret(app: App, secret: str | None) -> None:
    if not secret:
        raise WxError(41004)
    if not hmac.compare_digest(app.secret.encode(), secret.encode()):
        raise WxError(40125)


def _grant(box: Box, app: App, kept: dict[str, Any], refresh: str | None) -> dict[str, Any]:
    access = f"{box.chance.digits(2)}_{box.chance.token(86)}"
    refresh = refresh or f"{box.chance.digits(2)}_{box.chance.token(86)}"
    box.remember(f"sns/{access}", kept, TOKEN_SECONDS)
    box.remember(f"refresh/{refresh}", kept, REFRESH_SECONDS)
    answer: dict[str, Any] = {
        "access_token": access,
        "expires_in": int(TOKEN_SECONDS),
        "refresh_token": refresh,
        "openid": kept["openid"],
        "scope": kept["scope"],
    }
    if kept["snapshot"]:
        return answer | {"is_snapshotuser": 1}
    if kept["scope"] == "snsapi_userinfo" and app.bound:
        answer["unionid"] = box.fans[kept["fan"]].unionid
    return answer


async def access_token(call: Call) -> Result:
    app = _app(call)
    check_secret(app, call.query.get("secret"))
    if call.query.get("grant_type") != "authorization_code":
        raise WxError(40002)
    code = call.query.get("code")
    if not code:
        raise WxError(41008)
    kept = call.box.recall(f"oauth/{code}")
    if kept is None or kept[0]["app_id"] != app.app_id:
        raise WxError(40029)
    grant, fresh = kept
    if grant["used"]:
        raise WxError(40163)
    if not fresh:
        raise WxError(42003)
    grant["used"] = True
    return _grant(call.box, app, grant, None)


async def refresh_token(call: Call) -> Result:
    app, token = _app(call), call.query.get("refresh_token", "")
    kept = call.box.recall(f"refresh/{token}")
    if kept is None or kept[0]["app_id"] != app.app_id:
        raise WxError(40030)
    if not kept[1]:
        raise WxError(42002)
    answer = _grant(call.box, app, kept[0], token)
    answer.pop("unionid", None)
    return answer


def _holder(call: Call) -> dict[str, Any]:
    token = call.query.get("access_token")
    if not token:
        raise WxError(41001)
    kept = call.box.recall(f"sns/{token}")
    if kept is None:
        raise WxError(40001)
    if not kept[1]:
        raise WxError(42001)
    holder: dict[str, Any] = kept[0]
    if call.query.get("openid") != holder["openid"]:
        raise WxError(40003)
    return holder


async def userinfo(call: Call) -> Result:
    holder = _holder(call)
    if holder["scope"] != "snsapi_userinfo":
        raise WxError(48001)
    fan, app = call.box.fans[holder["fan"]], call.box.apps[holder["app_id"]]
    answer: dict[str, Any] = {
        "openid": call.query["openid"],
        "nickname": "微信用户" if holder["snapshot"] else fan.nickname,
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": ""
        if holder["snapshot"]
        else f"{base_url(call.box, call.request)}/mmhead/{fan.id}/132",
        "privilege": [],
    }
    return answer | ({"unionid": fan.unionid} if app.bound and not holder["snapshot"] else {})


async def auth(call: Call) -> Result:
    _holder(call)
    return ok()


APIS = [
    Api("GET", "/sns/oauth2/access_token", access_token, token=False),
    Api("GET", "/sns/oauth2/refresh_token", refresh_token, token=False),
    Api("GET", "/sns/userinfo", userinfo, token=False),
    Api("GET", "/sns/auth", auth, token=False),
]
