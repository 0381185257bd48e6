"""Credentials, tickets, address lists, quota tools and rid lookup."""

import hmac
from typing import Any

from tiefen.sandbox import quota, tokens
from tiefen.sandbox.errors import WxError
from tiefen.sandbox.gateway import Api, Call, Result, caller_ip, ok
from tiefen.sandbox.models import App
from tiefen.sandbox.wire import Entry

RID_DAYS = 7


def _credential(call: Call, appid: str | None, secret: str | None, path: str, daily: int) -> App:
    """The account of an appid and secret. Raises 41002, 41004, 40013, 40125, 40164, 45009."""
    if not appid:
        raise WxError(41002)
    if not secret:
        raise WxError(41004)
    app = call.box.apps.get(appid)
    if app is None:
        raise WxError(40013)
    if not hmac.compare_digest(app.secret.encode(), secret.encode()):
        raise WxError(40125)
    ip = caller_ip(call.request)
    if app.ip_whitelist and ip not in app.ip_whitelist:
        raise WxError(40164, ip=f"{ip} ipv6 ::ffff:{ip}")
    quota.spend(call.box, app, path, daily)
    return app


async def token(call: Call) -> Result:
    if call.query.get("grant_type") != "client_credential":
        raise WxError(40002)
    query = call.query
    app = _credential(
        call, query.get("appid"), query.get("secret"), "/cgi-bin/token", quota.TOKEN_DAILY
    )
    value, expires_in = tokens.plain(call.box, app)
    return {"access_token": value, "expires_in": expires_in}


async def stable_token(call: Call) -> Result:
    body = call.json()
    if body.get("grant_type") != "client_credential":
        raise WxError(40002)
    app = _credential(call, body.get("appid"), body.get("secret"), "/cgi-bin/stable_token", 500_000)
    value, expires_in = tokens.stable(call.box, app, force=bool(body.get("force_refresh")))
    return {"access_token": value, "expires_in": expires_in}


async def ticket(call: Call) -> Result:
    if call.query.get("type") not in {"jsapi", "wx_card"}:
        raise WxError(40035)
    value, expires_in = tokens.jsapi_ticket(call.box, call.app)
    return ok(ticket=value, expires_in=expires_in)


async def addresses(call: Call) -> Result:
    return {"ip_list": ["127.0.0.1"]}


async def callback_check(call: Call) -> Result:
    return {"dns": [{"ip": "127.0.0.1", "real_operator": "UNICOM"}], "ping": []}


async def clear_quota(call: Call) -> Result:
    if call.json().get("appid") != call.app.app_id:
        raise WxError(40013)
    quota.clear(call.box, call.app)
    return ok()


async def quota_get(call: Call) -> Result:
    path = str(call.json().get("cgi_path", ""))
    daily = DAILY.get(path)
    if daily is None:
        raise WxError(40035)
    limit = quota.limit(call.app, path, daily)
    used = quota.usage(call.box, call.app).used.get(path, 0)
    return ok(quota={"daily_limit": limit, "used": used, "remain": limit - used})


def _request_of(entry: Entry) -> dict[str, Any]:
    return {
        "invoke_time": int(entry.at),
        "cost_in_ms": int(entry.ms),
        "request_url": entry.url,
        "request_body": entry.request_body.decode(errors="replace"),
        "response_body": entry.response_body.decode(errors="replace"),
        "client_ip": "127.0.0.1",
    }


async def rid_get(call: Call) -> Result:
    entry = call.box.wire.by_rid(str(call.json().get("rid", "")))
    if entry is None or entry.account != call.app.app_id:
        raise WxError(76003)
    if call.box.clock.time() - entry.at > RID_DAYS * 86400:
        raise WxError(76004)
    return ok(request=_request_of(entry))


APIS = [
    Api("GET", "/cgi-bin/token", token, token=False),
    Api("POST", "/cgi-bin/stable_token", stable_token, token=False),
    Api("GET", "/cgi-bin/ticket/getticket", ticket),
    Api("GET", "/cgi-bin/getcallbackip", addresses),
    Api("GET", "/cgi-bin/get_api_domain_ip", addresses),
    Api("POST", "/cgi-bin/callback/check", callback_check),
    Api("POST", "/cgi-bin/clear_quota", clear_quota, daily=10_000),
    Api("POST", "/cgi-bin/openapi/quota/get", quota_get),
    Api("POST", "/cgi-bin/openapi/rid/get", rid_get),
]

# Filled by the app with every served path, for quota/get.
DAILY: dict[str, int] = {"/cgi-bin/token": quota.TOKEN_DAILY, "/cgi-bin/stable_token": 500_000}
