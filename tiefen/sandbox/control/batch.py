"""Many control calls in one request: a demo of thousands of fans would else spend its time on HTTP."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import parse_time
from tiefen.sandbox.control.gateway import PREFIX, Ask, Handler, invalid, route
from tiefen.sandbox.errors import ControlError

MOST = 2000
MOST_AT_ONCE = 64


class Batch:
    """The routes a batch may call: every POST but itself."""

    def __init__(self, box: Box, handlers: list[tuple[str, str, Handler]]) -> None:
        self.box = box
        self.routes: list[tuple[Route, Handler]] = [
            (route(box, method, path, handler), handler)
            for method, path, handler in handlers
            if method == "POST"
        ]

    async def one(self, outer: Request, action: dict[str, Any]) -> dict[str, Any]:
        """Do one action as if it had come alone: `{status, body}`."""
        path = f"{PREFIX}{action['path']}"
        scope = {**outer.scope, "method": "POST", "path": path, "query_string": b""}
        for known, handler in self.routes:
            match, found = known.matches(scope)
            if match is not Match.FULL:
                continue
            asked = Ask(self.box, Request({**scope, **found}), dict(action.get("body") or {}))
            try:
                answer = await handler(asked)
            except ControlError as error:
                problem = {"error": {"code": error.code, "message": error.message}}
                return {"status": error.status, "body": problem}
            return {"status": 200, "body": _plain(answer)}
        return {
            "status": 404,
            "body": {"error": {"code": "sandbox.path", "message": "no such call"}},
        }

    async def run(self, ask: Ask) -> dict[str, Any]:
        """In order when an action names its time or `concurrency` is 1, else several at once."""
        actions: Any = ask.body.get("actions")
        at_once: Any = ask.body.get("concurrency", 1)
        _check(actions, at_once)
        if at_once == 1 or any("at" in action for action in actions):
            return {"items": [await self._timed(ask.request, action) for action in actions]}
        gate = asyncio.Semaphore(at_once)

        async def gated(action: dict[str, Any]) -> dict[str, Any]:
            async with gate:
                return await self.one(ask.request, action)

        return {"items": await asyncio.gather(*(gated(action) for action in actions))}

    async def _timed(self, outer: Request, action: dict[str, Any]) -> dict[str, Any]:
        if "at" in action:
            at = action["at"]
            try:
                moment = float(at) if isinstance(at, int | float) else parse_time(str(at))
            except ValueError as error:
                raise invalid(
                    "at", "is neither seconds nor an ISO-8601 time with an offset"
                ) from error
            self.box.clock.set(moment)
            await self.box.agenda.run_due()
        return await self.one(outer, action)


def _check(actions: Any, at_once: Any) -> None:
    if not isinstance(actions, list) or len(actions) > MOST:
        raise invalid("actions", f"is a list of at most {MOST}")
    if not all(isinstance(a, dict) and isinstance(a.get("path"), str) for a in actions):
        raise invalid("actions", "are objects with a path")
    if not isinstance(at_once, int) or not 1 <= at_once <= MOST_AT_ONCE:
        raise invalid("concurrency", f"is a number from 1 to {MOST_AT_ONCE}")


def _plain(answer: dict[str, Any] | Response) -> Any:
    return json.loads(bytes(answer.body)) if isinstance(answer, Response) else answer
