"""Opening a short link inside WeChat (found, visit kept, counted, sent on) over HTTP, against `/live`.

A few thousand links and a month of visits, then ten times as many: what an opening costs must not grow.
"""

import statistics
from itertools import count

import asyncpg

from bench.harness import MERCHANT, Installation, Load, Result, installation, load, request

LINKS, VISITS = 1_000, 100_000
"""At 1×; ten times as many after."""
CONNECTIONS, SECONDS, TURNS = 32, 4.0, 3
AGENT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50"
_CODES = """
    INSERT INTO channel_code (name, kind, form, scene, lifetime, state, failure, ticket, url, welcome,
        tags, cost_fen, note, created_at, scans, follows, fans, unfollows, orders, received_orders,
        paid_fen, refunded_fen)
    SELECT '链接 ' || n, 'platform', 'link', 'bench.' || n, 'permanent', 'ready', '', '', '', '', '{}', 0,
        '', now(), 0, 0, 0, 0, 0, 0, 0, 0
    FROM generate_series($1::int, $2::int) AS n
"""
_LINKS = """
    INSERT INTO channel_link (code_id, slug, platform, target, utm_source, utm_medium, utm_campaign,
        title, words, follow_url)
    SELECT id, 'bench-' || substr(scene, 7), 'weibo', 'shop', 'weibo', 'social', '春季上新', '', '', ''
    FROM channel_code WHERE NOT EXISTS (SELECT 1 FROM channel_link WHERE code_id = channel_code.id)
"""
_VISITS = """
    INSERT INTO channel_visit (visitor, code_id, day, at)
    SELECT 'old' || n, id, current_date - n % 30, now() - n % 30 * interval '1 day'
    FROM generate_series($1::int, $2::int) AS n
    JOIN channel_code ON scene = 'bench.' || (1 + n % $3::int)
"""


async def _fill(home: Installation, times: int) -> None:
    """Links and visits up to so many times the first number."""
    admin = await asyncpg.connect(home.url.replace("postgresql+asyncpg://", "postgresql://"))
    await admin.execute(f'SET search_path TO "m_{MERCHANT}"; SET statement_timeout = 0')
    there = await admin.fetchval("SELECT count(*) FROM channel_link")
    await admin.execute(_CODES, there + 1, LINKS * times)
    await admin.execute(_LINKS)
    visits = await admin.fetchval("SELECT count(*) FROM channel_visit")
    await admin.execute(_VISITS, visits + 1, VISITS * times, LINKS * times)
    await admin.execute("ANALYZE channel_code, channel_link, channel_visit")
    await admin.close()


async def run() -> list[Result]:
    """One line: openings a second at 10×, with the growth from 1×."""
    visitors = count(1)
    async with installation() as home:
        seen: dict[int, list[Load]] = {}
        limits: list[float] = []
        for times in (1, 10):
            await _fill(home, times)
            with home.server(work=False) as base:
                for _ in range(TURNS):
                    limits.append(await _live(base))
                    seen.setdefault(times, []).append(await _turn(base, times, visitors))
    rates = {times: statistics.median(one.rate for one in turns) for times, turns in seen.items()}
    p99 = {times: statistics.median(one.p(0.99) for one in turns) for times, turns in seen.items()}
    limit = statistics.median(limits)
    note = (
        f"{CONNECTIONS} connections, each opening by another browser; p99 {p99[10] * 1000:.0f} ms; "
        f"at {LINKS:,} links and {VISITS:,} visits {rates[1]:.0f}/s, at ten times as many "
        f"{rates[10]:.0f}/s; limit: /live"
    )
    return [
        Result(
            "link_redirect", rates[10], "1/s", limit, rates[10] / limit,
            "make bench ONLY=link_redirect", note,
        )
    ]  # fmt: skip


async def _live(base: str) -> float:
    message = request("GET", "/live")
    return (await load(base, lambda: message, connections=CONNECTIONS, seconds=SECONDS)).rate


async def _turn(base: str, times: int, visitors: "count[int]") -> Load:
    def make() -> bytes:
        who = next(visitors)
        return request(
            "GET",
            f"/m/{MERCHANT}/l/bench-{1 + who * 7919 % (LINKS * times)}",
            headers={
                "User-Agent": AGENT,
                "Cookie": f"tiefen_visitor=browser{who}",
                # As through a proxy: one address alone may not open so many.
                "X-Forwarded-For": f"10.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}",
            },
        )

    seen = await load(base, make, connections=CONNECTIONS, seconds=SECONDS)
    assert set(seen.statuses) == {302}, seen.statuses
    return Load(seen.statuses[302] / SECONDS, seen.statuses, seen.latencies)
