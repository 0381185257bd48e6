"""How a call to the pay platform is received: signature, faults, the signed answer, the wire log."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tiefen.sandbox.box import Box
from tiefen.sandbox.errors import PayError, param_error
from tiefen.sandbox.faults import CALLING, Rule
from tiefen.sandbox.gateway import base_url, shown_url, sleep_for
from tiefen.sandbox.models import Merchant
from tiefen.sandbox.wire import Entry

from . import sign

# (status, JSON or None), signed on the way out; a Response goes out as it is, unsigned (bill files).
Answer: TypeAlias = "tuple[int, dict[str, Any] | None] | Response"


@dataclass(slots=True)
class PayCall:
    box: Box
    request: Request
    body: bytes
    merchant: Merchant

    @property
    def path(self) -> dict[str, str]:
        return dict(self.request.path_params)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def json(self) -> dict[str, Any]:
        try:
            loaded = json.loads(self.body)
        except ValueError as error:
            raise PayError(400, "PARAM_ERROR", "请求体不是合法的 JSON", 268435461) from error
        if not isinstance(loaded, dict):
            raise PayError(400, "PARAM_ERROR", "请求体不是 JSON 对象", 268435461)
        return loaded

    def own_mchid(self, given: object, field: str = "mchid") -> None:
        """Refuse a merchant number that is not the signer's."""
        if not given:
            raise param_error(field, "为空")
        if given != self.merchant.mchid:
            raise PayError(400, "INVALID_REQUEST", "商户号与签名的商户不一致", 268447843)

    def base(self) -> str:
        return base_url(self.box, self.request)


Handler: TypeAlias = Callable[[PayCall], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class PayApi:
    method: str
    path: str
    handler: Handler


def route(box: Box, api: PayApi) -> Route:
    async def endpoint(request: Request) -> Response:
        return await _receive(box, api, request)

    return Route(api.path, endpoint, methods=[api.method], name=f"{api.method} {api.path}")


def raw_target(request: Request) -> bytes:
    """Path and query as they were sent, byte for byte."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    return path + (b"?" + query if query else b"")


async def _receive(box: Box, api: PayApi, request: Request) -> Response:
    box.touch()
    began = time.perf_counter()
    body = await request.body()
    entry = box.wire.open(
        box.clock.time(),
        "in",
        "pay",
        "",
        request.method,
        shown_url(request),
        request.headers.items(),
        body,
    )
    entry.account = _named_mchid(request)
    facts = {"path": request.url.path, "account": entry.account}
    rules = {r.kind: r for r in box.faults.take("api", facts, CALLING | {"forge"})}
    entry.fault = ", ".join(rules)
    response = await _with_faults(box, api, request, body, entry, rules)
    entry.ms = (time.perf_counter() - began) * 1000
    entry.status, entry.response_body = response.status_code, bytes(response.body)
    entry.response_headers = response.headers.items()
    box.wire.close(entry)
    return response


def _named_mchid(request: Request) -> str:
    found = dict(sign.PART.findall(request.headers.get("authorization", "").partition(" ")[2]))
    mchid: str = found.get("mchid", "")
    return mchid


async def _with_faults(
    box: Box, api: PayApi, request: Request, body: bytes, entry: Entry, rules: dict[str, Rule]
) -> Response:
    if "timeout_before" in rules:
        await sleep_for(rules["timeout_before"])
        return Response(status_code=504)
    if "http_500_before" in rules:
        return Response(status_code=500)
    merchant, answer, number = await _answer(
        box, api, request, body, entry, limited="rate_limit" in rules
    )
    if "timeout_after" in rules:
        await sleep_for(rules["timeout_after"])
        return Response(status_code=504)
    if "http_500_after" in rules:
        return Response(status_code=500)
    if isinstance(answer, Response):
        return answer
    response = respond(box, request, merchant, *answer, number, forged=rules.get("forge"))
    if "truncated" in rules:
        return Response(
            bytes(response.body)[: len(response.body) // 2],
            response.status_code,
            dict(response.headers),
        )
    return response


async def _answer(
    box: Box, api: PayApi, request: Request, body: bytes, entry: Entry, *, limited: bool
) -> tuple[Merchant | None, Answer, int]:
    """(the merchant if known, the answer, the numeric tail of Request-ID)."""
    merchant: Merchant | None = None
    try:
        header = request.headers.get("authorization", "")
        merchant = sign.authenticate(box, request.method, raw_target(request), header, body)
        entry.signature = "valid"
        if limited or _over_rate(box, merchant):
            raise PayError(429, "FREQUENCY_LIMITED", "频率超限", 268447840)
        answer = await api.handler(PayCall(box, request, body, merchant))
    except PayError as error:
        if error.code == "SIGN_ERROR":
            entry.signature = f"invalid: {error.message}"
            merchant = box.merchants.get(entry.account)
        problem: dict[str, Any] = {"code": error.code, "message": error.message}
        problem |= {"detail": error.detail} if error.detail else {}
        return merchant, (error.status, problem), error.number
    return merchant, answer, 0


def _over_rate(box: Box, merchant: Merchant) -> bool:
    if not merchant.qps:
        return False
    second = int(box.clock.time())
    counted, count = box.rates.get(merchant.mchid, (0, 0))
    box.rates[merchant.mchid] = (second, count + 1 if counted == second else 1)
    return box.rates[merchant.mchid][1] > merchant.qps


def respond(
    box: Box,
    request: Request,
    merchant: Merchant | None,
    status: int,
    answer: dict[str, Any] | None,
    number: int,
    *,
    forged: Rule | None = None,
) -> Response:
    """The signed answer; without a known merchant there is no key to sign with."""
    body = (
        b""
        if answer is None
        else json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    )
    headers = {"Request-ID": f"08{box.chance.hex(20).upper()}-{number}"}
    if body:
        headers["Content-Type"] = "application/json; charset=utf-8"
    if merchant is not None:
        how = forged.how if forged else ""
        signer = sign.platform_signer(
            box, merchant, asked=request.headers.get("wechatpay-serial", "")
        )
        skew = (forged.seconds or 360.0) if forged and how == "skew" else 0.0
        signed = dict(sign.signed_headers(box, signer, body, skew=skew))
        headers |= forge_headers(box, signed, body, how)
        if how == "altered_body":
            body = body.replace(b'":', b'": ', 1)
    return Response(body, status, headers)


def forge_headers(box: Box, headers: dict[str, str], body: bytes, how: str) -> dict[str, str]:
    """The signature headers of a forgery, from the right ones."""
    if how == "headers_missing":
        return {}
    if how == "empty_signature":
        return headers | {"Wechatpay-Signature": ""}
    if how == "unknown_serial":
        return headers | {"Wechatpay-Serial": box.chance.hex(40).upper()}
    if how == "signtest":
        return headers | {
            "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]
        }
    if how == "other_key":
        other = sign.Signer(headers["Wechatpay-Serial"], box.stranger())
        return dict(sign.signed_headers(box, other, body))
    return headers


async def unknown(request: Request) -> Response:
    """A path of the pay platform that is not served."""
    return Response(
        json.dumps({"code": "NOT_FOUND", "message": "请求的接口不存在"}, ensure_ascii=False),
        404,
        {"Content-Type": "application/json; charset=utf-8"},
    )
