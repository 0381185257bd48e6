"""Take the pictures of the README from a fresh demo world, with the Chromium of the system.

Usage: python -m tools.shots [name …]. Writes docs/pictures/*.png; FANS says how many fans the world has.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tools.browser import chromium
from tools.node import ROOT

PICTURES = ROOT / "docs" / "pictures"
PORT = os.environ.get("PORT", "8290")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
WECHAT = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile"
    " Safari/537.36 MicroMessenger/8.0.50"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demo and a browser."""

    browser: Browser
    told: dict[str, Any]

    @property
    def server(self) -> str:
        """Base address of the server."""
        return str(self.told["server"])

    @contextmanager
    def staff(self, account: str = "owner", *, phone: bool = False) -> Iterator[BrowserContext]:
        """A browser of somebody who works here, signed in."""
        login = next(one for one in self.told["logins"] if one["account"] == account)
        with self.screen(phone=phone) as context:
            context.request.post(
                f"{self.server}/api/console/session",
                data={"account": account, "password": login["password"]},
                headers={"Origin": self.server},
                fail_on_status_code=True,
            )
            yield context

    @contextmanager
    def screen(self, *, phone: bool) -> Iterator[BrowserContext]:
        """A fresh browser window of a desk or of a phone."""
        size = {"width": 390, "height": 844} if phone else {"width": 1360, "height": 850}
        context = self.browser.new_context(
            viewport=size,  # type: ignore[arg-type]
            device_scale_factor=2 if phone else 1,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            user_agent=WECHAT if phone else None,
            has_touch=phone,
            is_mobile=phone,
        )
        try:
            yield context
        finally:
            context.close()

    def first(self, context: BrowserContext, path: str) -> dict[str, Any]:
        """The newest item of a console list."""
        answer = context.request.get(f"{self.server}/api/console/{path}", fail_on_status_code=True)
        item: dict[str, Any] = answer.json()["items"][0]
        return item


def take(page: Page, address: str, name: str) -> None:
    """Open an address and keep the picture."""
    page.goto(address, wait_until="networkidle")
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    """Wait until nothing moves, and keep the picture."""
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(600)
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    print(f"took docs/pictures/{name}.png", flush=True)


def console(stage: Stage) -> None:
    """The overview, a fan, an order and the channel codes at a desk."""
    base = f"{stage.server}/console/#"
    with stage.staff() as context:
        page = context.new_page()
        take(page, f"{base}/", "console-overview")
        take(
            page,
            f"{base}/fans/{stage.first(context, 'fans?sort=spend&limit=1')['id']}",
            "console-fan",
        )
        take(
            page,
            f"{base}/orders/{stage.first(context, 'orders?limit=1')['order_no']}",
            "console-order",
        )
        take(page, f"{base}/channels", "console-channels")


def shop(stage: Stage) -> None:
    """Home and a product, on a phone."""
    with stage.screen(phone=True) as context:
        context.set_extra_http_headers({"X-Sandbox-Fan": "2"})  # whose phone it is
        page = context.new_page()
        take(page, f"{stage.server}/shop/", "shop-home")
        products = context.request.get(f"{stage.server}/api/shop/products?limit=1").json()["items"]
        take(
            page,
            f"{stage.server}/shop/#/pages/product/index?id={products[0]['id']}",
            "shop-product",
        )


def phone(stage: Stage) -> None:
    """The staff phone."""
    with stage.staff(phone=True) as context:
        take(context.new_page(), f"{stage.server}/phone/", "phone-todo")


def sandbox(stage: Stage) -> None:
    """The stand-in for WeChat: a new fan follows 小林 and asks."""
    with stage.staff() as context:
        codes = context.request.get(f"{stage.server}/api/console/channel-codes").json()["items"]
        scene = next(one["scene"] for one in codes if one["name"] == "小林")
        page = context.new_page()
        page.goto(f"{stage.server}/sandbox/")
        page.get_by_test_id("fan-picker").click()
        page.get_by_test_id("new-fan-name").fill("林晓雨")
        page.get_by_test_id("new-fan").click()
        page.get_by_test_id("scan").click()
        page.get_by_test_id(f"code-{scene}").click()
        page.get_by_test_id("follow").click()
        page.get_by_test_id("message-input").fill("龙井怎么泡")
        page.get_by_test_id("send").click()
        page.get_by_text("85 度").first.wait_for()
        shoot(page, "sandbox")


SCENES: dict[str, Callable[[Stage], None]] = {
    "console": console,
    "shop": shop,
    "phone": phone,
    "sandbox": sandbox,
}


@contextmanager
def running(fans: str) -> Iterator[dict[str, Any]]:
    """A demo in a folder of its own, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="tf-") as folder:
        Path(folder).chmod(0o711)
        command = [sys.executable, "-m", "tiefen", "demo", "--json", "--data", folder]
        started = subprocess.Popen(
            [*command, "--port", PORT, "--fans", fans, "--seed", "1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        try:
            assert started.stdout
            line = started.stdout.readline()
            if not line:
                sys.exit("the demo did not start")
            yield json.loads(line)
        finally:
            started.send_signal(signal.SIGINT)
            started.wait(90)


def main(wanted: list[str]) -> None:
    """Take the pictures of the named scenes, or all."""
    path = chromium()
    if not path:
        sys.exit("no Chromium: set CHROMIUM to its path")
    with running(os.environ.get("FANS") or "600") as told, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for name in wanted or SCENES:
            SCENES[name](Stage(browser, told))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
