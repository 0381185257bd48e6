"""The one way out of the sandbox: an HTTP request with its wire entry."""

import asyncio
import time
from dataclasses import dataclass

import httpx

from .box import Box
from .wire import Entry, Headers


@dataclass(slots=True)
class Sent:
    """What came back; status 0 when nothing did."""

    status: int
    body: bytes
    error: str
    ms: float
    entry: Entry


async def send(
    box: Box,
    *,
    platform: str,
    account: str,
    method: str,
    url: str,
    headers: Headers,
    body: bytes,
    decoded: str | None,
    signature: str,
    fault: str = "",
) -> Sent:
    """Send and wait at most the platform's limit for the whole answer."""
    entry = box.wire.open(box.clock.time(), "out", platform, account, method, url, headers, body)
    entry.decoded, entry.signature, entry.fault = decoded, signature, fault
    began = time.perf_counter()
    status, answer, error = 0, b"", ""
    limits = {"timeout": httpx.Timeout(box.push_timeout).as_dict()}
    try:
        # httpx limits each read; WeChat limits the whole, so a slow drip is cut too.
        async with asyncio.timeout(box.push_timeout):
            asked = httpx.Request(method, url, headers=headers, content=body, extensions=limits)
            response = await box.out().handle_async_request(asked)
            answer = await response.aread()
            await response.aclose()
        status = response.status_code
        entry.response_headers = list(response.headers.items())
    except (httpx.TimeoutException, TimeoutError):
        error = f"no answer within {box.push_timeout:g} s"
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as failure:
        error = f"{type(failure).__name__}: {failure}"
    except Exception as failure:  # noqa: BLE001 - in-process transports let the product's own exceptions through
        error = f"the receiver raised {type(failure).__name__}: {failure}"
    entry.ms = (time.perf_counter() - began) * 1000
    entry.status, entry.response_body, entry.error = status, answer, error
    box.wire.close(entry)
    return Sent(status, answer, error, entry.ms, entry)
