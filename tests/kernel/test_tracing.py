"""One trace shows request, commit, job and call; nothing of a person; nothing at all when off."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text

from tests.conftest import ROOT, Drain
from tiefen.kernel import jobs, tracing
from tiefen.kernel.auth import anyone
from tiefen.kernel.db import Db
from tiefen.kernel.http import TxDep, outward_mounts
from tiefen.kernel.settings import Settings
from tiefen.wechat import wire

CANARY = "林小满13800001234"


class Collector(ThreadingHTTPServer):
    """Receives OTLP over HTTP as a collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiving)
        self.raw: list[bytes] = []
        self.paths: list[str] = []

    def spans(self) -> list[Any]:
        """All spans received, in the order of their start."""
        found = [
            span
            for body in self.raw
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        return sorted(found, key=lambda span: span.start_time_unix_nano)


class _Receiving(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        self.server.raw.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def collector(app: FastAPI) -> Iterator[Collector]:
    """A collector on loopback, and tracing on after the application was composed without it."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        tracing.configure(f"http://127.0.0.1:{server.server_port}")
        yield server
        tracing.close()
        server.shutdown()
        thread.join(5)


async def wechat(scope: Any, receive: Any, send: Any) -> None:
    """A WeChat that refuses."""
    body = json.dumps({"errcode": 43004, "errmsg": f"require subscribe {CANARY}"}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def story(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> str:
    """A route that leaves a job which calls WeChat; answers its path."""
    monkeypatch.setitem(outward_mounts, "http://wechat.test", httpx.ASGITransport(app=wechat))
    monkeypatch.setattr(jobs, "_handlers", dict(jobs.known()))

    @jobs.outward_job("test.call")
    async def call(db: Db, merchant: str, openid: str) -> None:
        request = httpx.Request(
            "GET", "http://wechat.test/cgi-bin/user/info", params={"openid": openid}
        )
        await wire.send("http://wechat.test", request)

    @app.post("/api/shop/told/{name}", dependencies=[Depends(anyone())])
    async def tell(tx: TxDep, name: str) -> dict[str, bool]:
        jobs.later(tx, "test.call", openid=name)
        return {"ok": True}

    return f"/api/shop/told/{CANARY}?phone={CANARY}"


def attributes(span: Any) -> dict[str, Any]:
    """What a span says of itself."""
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


async def test_one_trace_shows_request_commit_job_and_call(
    collector: Collector, client: httpx.AsyncClient, story: str, drain: Drain
) -> None:
    assert (await client.post(story)).status_code == 200
    assert await drain() == 1
    tracing.close()
    spans = collector.spans()
    names = [span.name for span in spans]
    assert set(collector.paths) == {"/v1/traces"}
    assert len({span.trace_id for span in spans}) == 1, names
    by_id = {span.span_id: span for span in spans}
    by_name = {span.name: span for span in spans}
    chain, here = ["GET wechat.test"], by_name["GET wechat.test"]
    while here.parent_span_id:
        here = by_id[here.parent_span_id]
        chain.append(here.name)
    route = "POST /api/shop/told/{name}"
    assert chain == ["GET wechat.test", "job test.call", "transaction", route]
    assert names.index("commit") < names.index("job test.call")
    request, call = attributes(by_name[route]), attributes(by_name[chain[0]])
    assert request["http.route"] == "/api/shop/told/{name}"
    assert request["http.response.status_code"] == 200
    assert request["tiefen.merchant"] == "demo"
    assert call["server.address"] == "wechat.test"
    assert call["url.path"] == "/cgi-bin/user/info"
    assert call["wechat.errcode"] == "43004"
    assert attributes(by_name["job test.call"])["tiefen.outcome"] == "done"


async def test_no_span_holds_what_somebody_typed(
    collector: Collector, client: httpx.AsyncClient, story: str, drain: Drain
) -> None:
    await client.post(story)
    await client.get(
        f"/api/shop/{CANARY}?q={CANARY}", headers={"Authorization": f"Bearer {'x' * 9}"}
    )
    await drain()
    tracing.close()
    assert collector.raw
    for body in collector.raw:
        assert CANARY.encode() not in body
        assert b"13800001234" not in body
        assert b"xxxxxxxxx" not in body


async def test_an_idle_worker_says_nothing(collector: Collector, db: Db, drain: Drain) -> None:
    assert await drain() == 0
    tracing.close()
    assert collector.spans() == []


async def test_off_is_free(client: httpx.AsyncClient, story: str, db: Db) -> None:
    nothing = tracing.part("a", {})
    assert tracing.begun("b", {"route": "x"}) is nothing, "one object for all, made once"
    await client.post(story)
    async with db.platform() as tx:
        assert (await tx.execute(text("SELECT trace FROM platform.job"))).scalars().all() == [None]
    assert tracing.carried() is None


def test_a_start_without_traces_loads_nothing_for_them() -> None:
    """The libraries that send cost a third of a second: only who sends pays."""
    look = (
        "import sys, tiefen.main;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'google.protobuf'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["TIEFEN_OTLP_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_the_address_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().otlp_url == ""
    monkeypatch.setenv(name, "http://collector:4318")
    assert Settings().otlp_url == "http://collector:4318"
