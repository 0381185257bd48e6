"""Wire log, live events, faults, clock and codes."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from tiefen.sandbox import crowd
from tiefen.sandbox.box import Box
from tiefen.sandbox.clock import iso, parse_time
from tiefen.sandbox.errors import ControlError
from tiefen.sandbox.models import Code
from tiefen.sandbox.wire import summary, whole

from .gateway import Ask, Handler, invalid

HEARTBEAT = 15.0


async def home(ask: Ask) -> dict[str, Any]:
    box = ask.box
    return {
        "name": "tiefen sandbox",
        "base": ask.base(),
        "now": iso(box.clock.time()),
        "counts": {
            "accounts": len(box.apps) + len(box.merchants),
            "fans": len(box.fans),
            "followers": {
                app_id: len(box.followers.get(app_id, {})) + crowd.size(box, app_id)
                for app_id in {*box.followers, *box.crowds}
            },
            "orders": len(box.orders),
            "charges": len(box.charges),
            "refunds": len(box.refund_ids),
            "notices": len(box.notices),
        },
    }


async def reset(ask: Ask) -> dict[str, Any]:
    ask.box.reset()
    return {"ok": True}


# -- wire -----------------------------------------------------------------------------------------------------------


async def wire(ask: Ask) -> dict[str, Any]:
    found = ask.box.wire.listed(
        after=ask.number("after", 0),
        limit=min(ask.number("limit", 100), 1000),
        account=ask.query("account"),
        direction=ask.query("direction"),
    )
    show = summary if ask.query("brief") else whole
    return {"items": [show(e) for e in found], "next": str(found[-1].id) if found else None}


async def wire_entry(ask: Ask) -> dict[str, Any]:
    text = ask.path("id")
    entry = ask.box.wire.get(int(text)) if text.isdecimal() else None
    if entry is None:
        raise ControlError(404, "sandbox.wire_missing", f"no wire entry {text}")
    return whole(entry)


async def clear_wire(ask: Ask) -> dict[str, Any]:
    ask.box.wire.clear()
    return {"ok": True}


async def events(ask: Ask) -> Response:
    fan = ask.query("fan")
    fan_id = ask.box.fan(fan).id if fan else None
    return StreamingResponse(
        _events(ask.box, fan_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store"},
    )


async def _events(box: Box, fan_id: int | None) -> AsyncIterator[bytes]:
    stream = box.wire.stream(fan_id)
    try:
        yield b": open\n\n"
        while True:
            found = await stream.next(HEARTBEAT)
            if found is None:
                yield b": still here\n\n"
                continue
            event, data = found
            if not event:
                return
            yield f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
    finally:
        stream.close()


# -- faults ---------------------------------------------------------------------------------------------------------


async def faults(ask: Ask) -> dict[str, Any]:
    return {"items": [msgspec.to_builtins(r) for r in ask.box.faults.rules.values()], "next": None}


def _say_fault(box: Box) -> None:
    box.wire.publish(
        "fault", {"items": [msgspec.to_builtins(r) for r in box.faults.rules.values()]}
    )


async def arm(ask: Ask) -> dict[str, Any]:
    rule = ask.box.faults.arm(ask.body)
    _say_fault(ask.box)
    shown: dict[str, Any] = msgspec.to_builtins(rule)
    return shown


async def disarm(ask: Ask) -> dict[str, Any]:
    text = ask.path("id")
    if not text.isdecimal() or ask.box.faults.rules.pop(int(text), None) is None:
        raise ControlError(404, "sandbox.fault_missing", f"no fault {text}")
    _say_fault(ask.box)
    return {"ok": True}


async def disarm_all(ask: Ask) -> dict[str, Any]:
    """Also lets go what `reorder` still holds, since nothing else would."""
    box = ask.box
    box.faults.rules.clear()
    released = [release for held in box.held.values() for release in held]
    box.held.clear()
    for release in released:
        await release()
    _say_fault(box)
    return {"ok": True, "released": len(released)}


# -- clock ----------------------------------------------------------------------------------------------------------


def _show_clock(box: Box) -> dict[str, Any]:
    due = box.agenda.next_due()
    return {
        "now": iso(box.clock.time()),
        "wire": iso(box.clock.wire()),
        "offset": round(box.clock.offset, 3),
        "frozen": box.clock.frozen,
        "next_due": iso(due) if due is not None else None,
    }


async def clock(ask: Ask) -> dict[str, Any]:
    return _show_clock(ask.box)


def _moment(value: object) -> float:
    """Unix seconds, or ISO-8601 with an offset."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return parse_time(str(value))
    except ValueError as error:
        raise invalid("set", "is neither seconds nor an ISO-8601 time with an offset") from error


async def set_clock(ask: Ask) -> dict[str, Any]:
    box, wire_too = ask.box, bool(ask.body.get("wire"))
    if "freeze" in ask.body:
        box.clock.freeze() if ask.body["freeze"] else box.clock.thaw()
    if "set" in ask.body:
        box.clock.set(_moment(ask.body["set"]), wire=wire_too)
    if "move" in ask.body:
        seconds = ask.body["move"]
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            raise invalid("move", "is a number of seconds")
        if abs(seconds) > dt.timedelta(days=3660).total_seconds():
            raise invalid("move", "is more than ten years")
        box.clock.move(seconds, wire=wire_too)
    box.wire.publish("clock", _show_clock(box))
    return _show_clock(box)


async def run_due(ask: Ask) -> dict[str, Any]:
    limit = ask.body.get("limit", 1000)
    if not isinstance(limit, int) or limit < 1:
        raise invalid("limit", "is a positive number")
    if ask.body.get("until_idle"):
        ran = await ask.box.agenda.run_until_idle(limit)
    else:
        ran = await ask.box.agenda.run_due(limit)
    return {"ran": ran} | _show_clock(ask.box)


# -- codes ----------------------------------------------------------------------------------------------------------


def _show_code(code: Code) -> dict[str, Any]:
    return {
        "kind": code.kind,
        "app_id": code.app_id,
        "text": code.text,
        "ticket": code.ticket,
        "scene": code.scene,
        "page": code.page,
        "permanent": code.permanent,
        "created_at": iso(code.created_at),
        "expires_at": iso(code.expires_at) if code.expires_at is not None else None,
        "image_url": f"/sandbox/codes/{code.ticket}.png",
    }


async def codes(ask: Ask) -> dict[str, Any]:
    app_id, now = ask.query("app_id"), ask.box.clock.time()
    sought = ask.query("q").lower()
    live = [
        c
        for c in ask.box.codes.values()
        if app_id in {"", c.app_id}
        and (c.expires_at or now + 1) > now
        and any(sought in said.lower() for said in (c.scene, c.page, c.text))
    ]
    return ask.paged(live[::-1], _show_code)


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/", home),
    ("POST", "/reset", reset),
    ("GET", "/wire", wire),
    ("GET", "/wire/{id}", wire_entry),
    ("DELETE", "/wire", clear_wire),
    ("GET", "/events", events),
    ("GET", "/faults", faults),
    ("POST", "/faults", arm),
    ("DELETE", "/faults/{id}", disarm),
    ("DELETE", "/faults", disarm_all),
    ("GET", "/clock", clock),
    ("POST", "/clock", set_clock),
    ("POST", "/clock/run-due", run_due),
    ("GET", "/codes", codes),
]
