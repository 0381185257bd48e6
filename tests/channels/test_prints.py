"""Sheets and posters: every code stands on paper, as PDF and as pictures."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
import segno
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.channels.factories import boss, code, fake_qr
from tests.conftest import Drain, StaffClient
from tiefen.channels import service
from tiefen.channels.models import CodePrint
from tiefen.channels.service import drawing, printing
from tiefen.channels.values import CodeKind, CodeWish, Design, Line, Printed, PrintForm, PrintLayout
from tiefen.kernel.clock import Travel
from tiefen.kernel.db import Db
from tiefen.kernel.storage import Storage

PRINTS = "/api/console/channel-code-prints"
RIGHTS = ["channels.read", "channels.write"]


def png(width: int = 60, height: int = 40) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#07c160").save(out, "PNG")
    return out.getvalue()


def printed(count: int) -> list[Printed]:
    return [Printed(f"展架 {n}", f"http://weixin.qq.com/q/{n:024d}") for n in range(count)]


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.mark.parametrize("layout", PrintLayout)
def test_every_layout_is_drawn_as_pdf_and_as_pictures(layout: PrintLayout) -> None:
    design = Design(layout, "铁粉商城", "长按识别二维码关注", png())
    size = drawing.per_page(layout)
    pdf, suffix = drawing.draw(design, PrintForm.PDF, printed(size + 1))
    assert (pdf[:5], suffix, pages_of(pdf)) == (b"%PDF-", "pdf", 2)
    assert b"/FontFile2" in pdf  # the characters that are used travel with the file
    assert len(pdf) < 200_000
    one, suffix = drawing.draw(design, PrintForm.PNG, printed(1))
    assert suffix == "png"
    with Image.open(io.BytesIO(one)) as page:
        assert page.size == (1654, 2339)
    many, suffix = drawing.draw(design, PrintForm.PNG, printed(size + 1))
    assert suffix == "zip"
    assert zipfile.ZipFile(io.BytesIO(many)).namelist() == ["001.png", "002.png"]


def test_the_code_on_the_poster_says_its_address() -> None:
    """Module by module what an encoder says; a reader is not needed to know it can be read."""
    url = "http://weixin.qq.com/q/02kP3bQxAbCdE"
    raw, _ = drawing.draw(
        Design(PrintLayout.POSTER_PLAIN, "店", "扫码"), PrintForm.PNG, [Printed("码", url)]
    )
    rows = [bytes(row) for row in segno.make(url, error="m", micro=False).matrix]
    with Image.open(io.BytesIO(raw)) as page:
        grey, wide = page.convert("L").tobytes(), page.width
    left, top, side = (round(n * drawing.PIXELS) for n in (35, 66, 140))
    step = side // (len(rows) + 4)
    edge = (side - step * len(rows)) // 2
    middle = [edge + n * step + step // 2 for n in range(len(rows))]
    seen = [bytes(grey[(top + y) * wide + left + x] < 128 for x in middle) for y in middle]
    assert seen == rows


@given(st.text(max_size=60), st.integers(1, 40))
def test_a_line_never_leaves_its_column(words: str, wide: int) -> None:
    shown = drawing._fit(words, wide, len)
    assert len(shown) <= wide
    assert shown == words or shown.endswith("…")


@given(st.binary(max_size=50).map(lambda raw: bytes(byte % 2 for byte in raw)))
def test_runs_are_the_dark_modules(row: bytes) -> None:
    dark = [place for start, length in drawing._runs(row) for place in range(start, start + length)]
    assert dark == [place for place, module in enumerate(row) if module]


async def test_the_pages_print_a_batch_in_parts(
    db: Db,
    app: FastAPI,
    staff_client: StaffClient,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
    travel: Travel,
) -> None:
    fake_qr(monkeypatch)
    monkeypatch.setitem(printing.AT_ONCE, PrintLayout.SHEET_24, 24)
    by = await boss(db)
    async with db.merchant("demo") as tx:
        lines = [Line(f"展架 {n:02d}") for n in range(30)]
        await service.create_batch(tx, by, lines, CodeWish(kind=CodeKind.EXHIBITION))
    client = await staff_client(RIGHTS)
    codes = (await client.get("/api/console/channel-codes?limit=100")).json()["items"]
    body = {"code_ids": [one["id"] for one in codes], "layout": "sheet_24", "words": "扫码关注"}
    early = await client.post(PRINTS, json=body)
    assert early.json()["error"]["code"] == "channels.codes_not_ready"
    await drain()
    made = await client.post(PRINTS, json=body)
    assert made.status_code == 201, made.text
    assert made.json()["total"] == 30
    await drain()
    one = (await client.get(f"{PRINTS}/{made.json()['id']}")).json()
    assert (one["state"], one["done"]) == ("done", 30)
    assert [part["codes"] for part in one["parts"]] == [24, 6]
    file = await client.get(f"{PRINTS}/{one['id']}/parts/2")
    assert file.headers["content-type"] == "application/pdf"
    assert pages_of(file.content) == 1
    assert (await client.get(f"{PRINTS}/{one['id']}/parts/3")).status_code == 404
    assert (await client.get(PRINTS)).json()["items"] == [one]
    other = await staff_client(RIGHTS, merchant="other")
    assert (await other.get(f"{PRINTS}/{one['id']}")).status_code == 404

    storage: Storage = app.state.storage
    assert len(await storage.keys("demo")) == 2
    travel.move(timedelta(days=8))
    await service.forget_prints(db, "demo")
    assert await storage.keys("demo") == []
    later = await staff_client(RIGHTS)
    assert (await later.get(PRINTS)).json()["items"] == []


async def test_a_poster_with_a_picture_needs_one_of_this_merchant(
    db: Db,
    app: FastAPI,
    staff_client: StaffClient,
    drain: Drain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_qr(monkeypatch)
    made = await code(db, await boss(db))
    await drain()
    client = await staff_client(RIGHTS)
    storage: Storage = app.state.storage
    theirs = (await storage.put_picture("other", png())).key
    body = {"code_ids": [made.id], "layout": "poster_picture", "form": "png", "title": "春季新品"}
    for key in ("", theirs):
        refused = await client.post(PRINTS, json=body | {"picture_key": key})
        assert refused.json()["error"]["field"] == "picture_key"
    lost = await client.post(PRINTS, json=body | {"picture_key": "demo/gonegonegone.webp"})
    ours = (await storage.put_picture("demo", png())).key
    good = await client.post(PRINTS, json=body | {"picture_key": ours})
    await drain()
    async with db.merchant("demo") as tx:
        states = {
            (await tx.get_one(CodePrint, one.json()["id"])).state.value for one in (lost, good)
        }
        failed = await tx.get_one(CodePrint, lost.json()["id"])
    assert states == {"failed", "done"}
    assert failed.failure
    file = await client.get(f"{PRINTS}/{good.json()['id']}/parts/1")
    assert file.headers["content-type"] == "image/png"
