"""An order book to look through: 5 million orders of two years, made by the database itself.

`TIEFEN_BENCH_ORDERS` makes a smaller one. Goods have their season: mooncakes were ordered a hundred
thousand times, all of them a year ago.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg

from bench.crowd import PEOPLE
from bench.harness import MERCHANT, Installation, installation
from tiefen.kernel import crypto, ids
from tiefen.kernel.clock import utcnow
from tiefen.kernel.text import folded, grams, key_of
from tiefen.orders import service
from tiefen.orders.values import Receiver

ORDERS = int(os.environ.get("TIEFEN_BENCH_ORDERS", "5000000"))
FANS = 100_000
GOODS = 2_000
KINDS = (
    "龙井茶叶",
    "鲜牛奶",
    "手工面包",
    "山核桃",
    "纸巾",
    "洗衣液",
    "橄榄油",
    "苹果",
    "护手霜",
    "大米",
)
SEASON = "中秋月饼"
PHONE = "13800006543"
RECEIVER = "林小满"
"""Who gets every hundredth order."""
FAN = "茶山小雨"
"""What every two-hundredth fan is called."""


@asynccontextmanager
async def order_book(orders: int = ORDERS) -> AsyncIterator[Installation]:
    """An installation with the orders in it, vacuumed and analysed."""
    async with installation(f"orders-{orders}", partial(_fill, orders)) as home:
        await fill_search(home)
        yield home


async def fill_search(home: Installation) -> None:
    """Do what jobs do for orders that were kept from before they could be found by names."""
    while True:
        async with home.db.merchant(MERCHANT) as tx:
            row = await tx.rows("SELECT below_id FROM order_search_fill WHERE ended_at IS NULL")
            if not row:
                return
            await service.fill_step(tx, row[0]["below_id"])


def rare() -> str:
    """What few orders were of."""
    return _title(GOODS)


def _title(number: int) -> str:
    return f"{KINDS[number % len(KINDS)]} {number}号装"


async def _fill(orders: int, home: Installation) -> None:
    admin = await asyncpg.connect(home.url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        for statement in (
            f'SET search_path TO "m_{MERCHANT}"',
            "SET maintenance_work_mem = '512MB'",
            "SET work_mem = '128MB'",
            "SET synchronous_commit = off",
            "SET statement_timeout = 0",
            "SELECT setseed(0.5)",
            PEOPLE.format(fans=FANS),
            _NAMED,
            "CREATE TEMP TABLE goods"
            " (id int PRIMARY KEY, name text, grams text[], folded text, key bigint)",
        ):
            await admin.execute(statement)
        titles = [(number, _title(number)) for number in range(1, GOODS + 1)] + [(0, SEASON)]
        await admin.copy_records_to_table(
            "goods",
            records=[
                (number, name, grams(name), folded(name), key_of(folded(name)))
                for number, name in titles
            ],
        )
        tables = ["orders", "order_line", "after_sale"]
        later = [*await _without_indexes(admin), *await with_defaults(admin, tables)]
        whom = Receiver(RECEIVER, PHONE, "西湖路 1 号")
        receiver = crypto.seal(whom.kept(), merchant=MERCHANT)
        named = crypto.blind_key("orders.receiver", RECEIVER, merchant=MERCHANT)
        await admin.execute(_ORDERS.format(orders=orders, fans=FANS, goods=GOODS), receiver, named)
        await admin.execute(_NAMES)
        await admin.execute("INSERT INTO sold_name SELECT key, folded, grams FROM goods")
        await admin.execute(_LINES)
        await admin.execute(_ASKED)
        number = ids.number("O", utcnow())
        blind = crypto.blind(PHONE, merchant=MERCHANT)
        await admin.execute(
            "UPDATE orders SET order_no = $1, phone_blind = $2 WHERE id = $3",
            number,
            blind,
            orders // 2,
        )
        for statement in later:
            await admin.execute(statement)
        for table in ("orders", "order_line", "order_name", "sold_name", "after_sale", "fan"):
            await admin.execute(f"VACUUM ANALYZE {table}")
    finally:
        await admin.close()


async def _without_indexes(admin: asyncpg.Connection) -> list[str]:
    """Drop what is dearer to keep than to make anew; returns how to make it."""
    plain = await admin.fetch(
        """
        SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made
        FROM pg_index i WHERE i.indrelid = ANY(ARRAY['orders', 'order_line', 'order_name']::regclass[])
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """
    )
    for row in plain:
        await admin.execute(f"DROP INDEX {row['name']}")
    await admin.execute("ALTER TABLE order_line DROP CONSTRAINT fk_order_line_order_id")
    return [row["made"] for row in plain]


EMPTY = {"N": "0", "B": "false", "D": "now()", "S": "''", "A": "'{}'", "U": "'[]'"}


async def with_defaults(admin: asyncpg.Connection, tables: list[str]) -> list[str]:
    """Let rows be written that name only what matters here; returns how to undo it."""
    bare = await admin.fetch(
        """
        SELECT attrelid::regclass::text AS name, attname, typcategory::text AS kind
        FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
        WHERE attrelid = ANY($1::text[]::regclass[])
          AND attnum > 0 AND attnotnull AND NOT atthasdef AND attidentity = '' AND NOT attisdropped
        """,
        tables,
    )
    changes = [
        (f"ALTER TABLE {row['name']} ALTER {row['attname']}", EMPTY[row["kind"]])
        for row in bare
        if row["kind"] in EMPTY
    ]
    for change, value in changes:
        await admin.execute(f"{change} SET DEFAULT {value}")
    return [f"{change} DROP DEFAULT" for change, _ in changes]


_ORDERS = """
    INSERT INTO orders (order_no, fan_id, checkout_key, request_hash, status, goods_fen, freight_fen,
        discount_fen, total_fen, paid_fen, quantity, receiver, phone_blind, region_code, region, note,
        quote, folded, receiver_key, placed_at, pay_until, paid_at, close_reason)
    SELECT 'O2024' || lpad(n::text, 15, '0'), 1 + floor(random() ^ 2 * {fans})::int, n::text, '',
        CASE WHEN {orders} - n > 60000 THEN
                 (ARRAY['received', 'received', 'received', 'received', 'received', 'received',
                        'received', 'received', 'closed', 'refunded'])[1 + floor(random() * 10)::int]
             ELSE (ARRAY['unpaid', 'paid', 'shipped', 'partly_shipped', 'received'])
                      [1 + floor(random() * 5)::int] END,
        5000, 0, 0, 5000, 5000, 1, $1, md5((n % 300000)::text), '310104', '上海市 徐汇区', '',
        '{{"lines": [], "trace": [], "goods_fen": 5000, "basis": "the quote of a small order"}}'::jsonb,
        g.folded, CASE WHEN n % 100 = 0 THEN $2::bigint ELSE n END, p.at, p.at, p.at, ''
    FROM generate_series(1, {orders}) AS n
    CROSS JOIN LATERAL (SELECT now() - ({orders} - n) * (interval '730 days' / {orders}) AS at) AS p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN abs(n - {orders} / 2) < {orders} / 100 THEN 0
                    ELSE 1 + floor(random() ^ 3 * {goods})::int END AS id) AS wanted
    JOIN goods AS g ON g.id = wanted.id
"""
_LINES = """
    INSERT INTO order_line (order_id, sku_id, product_id, product_name, spec_text, image_url,
        unit_price_fen, quantity, list_fen, discount_fen, pay_fen, freight_fen)
    SELECT id, 1, 1, folded, '', '', 5000, 1, 5000, 0, 5000, 0 FROM orders
"""
_NAMED = f"""
    UPDATE fan SET nickname = '{FAN}', grams = ARRAY{sorted({FAN[i : i + 2] for i in range(3)} | set(FAN))}
    WHERE id % 200 = 0
"""  # noqa: S608
_NAMES = """
    INSERT INTO order_name (key, placed_at, order_id)
    SELECT g.key, o.placed_at, o.id FROM orders o JOIN goods g ON g.folded = o.folded
"""
_ASKED = """
    INSERT INTO after_sale (after_sale_no, order_id, fan_id, status, reason, goods_fen, freight_fen,
        amount_fen, quantity, requested_at)
    SELECT 'A' || id, id, fan_id, CASE WHEN id % 1500 = 0 THEN 'requested' ELSE 'refunded' END,
        'other', 5000, 0, 5000, 1, placed_at
    FROM orders WHERE id % 50 = 0
"""
