"""The share kit: texts, pictures in order, and nothing of a product that is not on the shelf."""

import io
import zipfile

import httpx
from PIL import Image

from tests.catalog.factories import body
from tests.catalog.test_http import WRITE, picture
from tests.conftest import StaffClient


async def test_what_the_console_writes_is_what_is_shared(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    keys = []
    for _ in range(3):
        sent = await staff.post("/api/console/files", files={"file": ("a.png", picture())})
        keys.append(sent.json()["key"])
    texts = ["第一段，可以直接复制", "第二段\n两行"]
    wanted = body(images=keys[:1], points=["当天现做"], share_texts=texts, share_images=keys[::-1])
    made = (await staff.post("/api/console/products", json=wanted)).json()
    root = f"/api/shop/products/{made['id']}/share"
    assert (await client.get(root)).status_code == 404, "a draft is nobody's to share"
    await staff.post(f"/api/console/products/{made['id']}/shelf", json={"on": True})
    kit = (await client.get(root)).json()
    assert (kit["texts"], kit["points"]) == (texts, ["当天现做"])
    assert kit["image_urls"] == [f"/files/{key}" for key in keys[::-1]]
    packed = await client.get(f"{root}/pictures.zip")
    assert packed.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(packed.content)) as inside:
        assert inside.namelist() == ["01.jpg", "02.jpg", "03.jpg", "texts.txt"]
        assert Image.open(io.BytesIO(inside.read("01.jpg"))).format == "JPEG"
        assert texts[1] in inside.read("texts.txt").decode()


async def test_without_chosen_pictures_the_products_own_are_shared(
    staff_client: StaffClient, client: httpx.AsyncClient
) -> None:
    staff = await staff_client(WRITE)
    keys = []
    for _ in range(10):
        sent = await staff.post("/api/console/files", files={"file": ("a.png", picture())})
        keys.append(sent.json()["key"])
    made = (await staff.post("/api/console/products", json=body(images=keys))).json()
    await staff.post(f"/api/console/products/{made['id']}/shelf", json={"on": True})
    kit = (await client.get(f"/api/shop/products/{made['id']}/share")).json()
    assert kit["image_urls"] == [f"/files/{key}" for key in keys[:9]]
    ten = await staff.put(
        f"/api/console/products/{made['id']}",
        json=body(images=keys, share_images=keys, version=made["version"]),
    )
    assert ten.status_code == 422
