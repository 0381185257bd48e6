"""Goods over HTTP: rights, secrets, files."""

import io

import httpx
import pytest
from PIL import Image

from tests.catalog.factories import body, product
from tests.conftest import StaffClient
from tests.disk import full_disk
from tiefen.kernel.db import Db
from tiefen.kernel.settings import Settings
from tiefen.team.values import Permission

READ, WRITE = [Permission.GOODS_READ], [Permission.GOODS_READ, Permission.GOODS_WRITE]


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, kind)
    return out.getvalue()


async def test_an_editor_makes_shelves_and_changes_a_product(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    key = (await staff.post("/api/console/files", files={"file": ("a.png", picture())})).json()[
        "key"
    ]
    made = await staff.post("/api/console/products", json=body(images=[key]))
    assert made.status_code == 201
    product_id, version = made.json()["id"], made.json()["version"]
    assert (await client.get(f"/api/shop/products/{product_id}")).status_code == 404
    shelved = await staff.post(f"/api/console/products/{product_id}/shelf", json={"on": True})
    assert shelved.json()["status"] == "on_shelf"
    assert (await client.get("/api/shop/home")).json()["recommended"][0]["id"] == product_id
    saved = await staff.put(
        f"/api/console/products/{product_id}",
        json=body(images=[key], version=version, name="新名字"),
    )
    assert saved.json()["name"] == "新名字"
    stale = await staff.put(
        f"/api/console/products/{product_id}", json=body(images=[key], version=version)
    )
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "catalog.edited_elsewhere")


async def test_cost_price_never_reaches_the_shop(db: Db, client: httpx.AsyncClient) -> None:
    async with db.merchant("demo") as tx:
        made = await product(tx, skus=[{"price_fen": 1_990, "cost_fen": 777_777}])
    for path in ("/api/shop/home", "/api/shop/products", f"/api/shop/products/{made.id}"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert "cost" not in answer.text
        assert "777777" not in answer.text


async def test_rights_are_kept_apart(staff_client: StaffClient, client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/console/products")).status_code == 401
    reader = await staff_client(READ)
    assert (await reader.get("/api/console/products")).status_code == 200
    assert (await reader.post("/api/console/products", json=body())).status_code == 403
    upload = await reader.post("/api/console/files", files={"file": ("a.png", picture())})
    assert upload.status_code == 403
    other = await staff_client([Permission.ORDERS_READ])
    assert (await other.get("/api/console/products")).status_code == 403


async def test_an_upload_is_encoded_anew_and_served_inert(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    polyglot = picture("GIF") + b"<script>alert(1)</script>"
    made = await staff.post("/api/console/files", files={"file": ("../../x.html", polyglot)})
    assert made.status_code == 201
    key = made.json()["key"]
    assert key.startswith("demo/")
    assert ".." not in key
    served = await client.get(f"http://test{made.json()['url']}")
    assert served.headers["content-type"] == "image/webp"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in served.headers["cache-control"]
    assert b"script" not in served.content


async def test_what_is_no_picture_is_refused(staff_client: StaffClient) -> None:
    staff = await staff_client(WRITE)
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    for bad in (svg, b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n broken", b"GIF89a" + b"\0" * 10):
        answer = await staff.post("/api/console/files", files={"file": ("a.png", bad)})
        assert answer.status_code == 422, bad
        assert answer.json()["error"]["code"] == "files.not_a_picture"
    assert (await staff.post("/api/console/files", json={})).status_code == 422


async def test_with_a_full_disk_an_upload_is_told_to_come_again_and_leaves_nothing(
    staff_client: StaffClient, settings: Settings
) -> None:
    staff = await staff_client(WRITE)
    noisy = Image.effect_noise((200, 200), 90).convert("RGB")
    small, large = io.BytesIO(), io.BytesIO()
    noisy.save(small, "PNG")
    noisy.resize((800, 800)).save(
        large, "BMP"
    )  # beyond a megabyte it is laid on the disk to be read
    assert len(large.getvalue()) > 1024 * 1024 > len(small.getvalue())
    for raw, code in ((small, "files.away"), (large, "away")):
        sent = {"file": ("a.png", raw.getvalue())}
        with full_disk(4_096):
            answer = await staff.post("/api/console/files", files=sent)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, code), answer.text
        assert int(answer.headers["retry-after"]) > 0
        assert [path for path in settings.data_dir.rglob("*") if path.is_file()] == []
    with_room = await staff.post("/api/console/files", files={"file": ("a.png", small.getvalue())})
    assert with_room.status_code == 201


async def test_file_names_cannot_climb(client: httpx.AsyncClient) -> None:
    for path in ("demo/../../etc/passwd", "demo/%2e%2e%2fx.webp", "demo/a.html", "demo/x.webp"):
        assert (await client.get(f"http://test/files/{path}")).status_code in (404, 422)


async def test_scripts_are_gone_when_read_by_the_shop(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    evil = '<p>ok</p><script>alert(1)</script><img src=x onerror="alert(1)">'
    made = (
        await staff.post(
            "/api/console/products", json=body(images=["demo/AAAAAAAA.webp"], detail_html=evil)
        )
    ).json()
    await staff.post(f"/api/console/products/{made['id']}/shelf", json={"on": True})
    detail = (await client.get(f"/api/shop/products/{made['id']}")).json()["detail_html"]
    assert "<p>ok</p>" in detail
    assert "script" not in detail
    assert "onerror" not in detail


async def test_another_merchants_goods_are_missing(db: Db, staff_client: StaffClient) -> None:
    async with db.merchant("demo") as tx:
        made = await product(tx)
    other = await staff_client(WRITE, merchant="other")
    assert (await other.get(f"/api/console/products/{made.id}")).status_code == 404
    assert (await other.get("/api/console/products")).json()["items"] == []


@pytest.mark.parametrize(
    "evil",
    [
        "<svg/onload=alert(1)>",
        "<a href='java\tscript:alert(1)'>x</a>",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<p style='background:url(javascript:alert(1));position:fixed'>x</p>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<form action=//evil><input name=q></form>",
        "<p onclick=alert(1)>x<style>*{display:none}</style></p>",
        "<img src='javascript:alert(1)'><img srcset='x 1x' src=x onerror=alert(1)>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    ],
)
@pytest.mark.parametrize("field", ["detail_html", "given_html"])
async def test_rich_text_is_harmless_when_kept(
    staff_client: StaffClient, evil: str, field: str
) -> None:
    staff = await staff_client(WRITE)
    made = await staff.post("/api/console/products", json=body(**{field: f"<p>好</p>{evil}"}))
    kept = made.json()[field].lower()
    assert "<p>好</p>" in kept
    for bad in ("script", "onerror", "onclick", "onload", "<svg", "<iframe", "<form", "<style",
                "url(", "position", "data:", "srcset"):  # fmt: skip
        assert bad not in kept.replace("&lt;", ""), kept


async def test_a_video_is_served_in_parts_and_only_as_a_video(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    film = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 4
    made = await staff.post("/api/console/videos", files={"file": ("a.mp4", film)})
    assert made.status_code == 201
    key, url = made.json()["key"], made.json()["url"]
    product_body = body(video_key=key)
    assert (await staff.post("/api/console/products", json=product_body)).json()["video_url"] == url
    whole = await client.get(f"http://test{url}")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    assert whole.content == film
    part = await client.get(f"http://test{url}", headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.headers["content-range"] == f"bytes 4-7/{len(film)}"
    tail = await client.get(f"http://test{url}", headers={"Range": "bytes=-3"})
    assert tail.content == film[-3:]
    for bad in (b"<html>", b"", picture()):
        refused = await staff.post("/api/console/videos", files={"file": ("a.mp4", bad)})
        assert refused.json()["error"]["code"] == "catalog.not_a_video"
