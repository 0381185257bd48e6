"""The sandbox's phone in a test's hand: become a fan, scan a code, enter the shop, turn its pages."""

from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Town

KEPT = "localStorage.getItem(Object.keys(localStorage).find(key => key.startsWith('tiefen.token:') && key.endsWith(`:${frame.name}`)))"
ASK = f"""async (frame, [method, path, body]) => {{
  const answer = await fetch(`/api/shop/${{path}}`, {{
    method, headers: {{ Authorization: `Bearer ${{{KEPT}}}`, 'Content-Type': 'application/json' }}, body: body && JSON.stringify(body),
  }})
  return answer.json()
}}"""
SIGNED_IN = """() => {
  const frame = document.querySelector("[data-testid='browser-frame']")
  if (!frame) return false
  const kept = Object.keys(localStorage).find(key => key.startsWith('tiefen.token:') && key.endsWith(`:${frame.name}`))
  try { return Boolean(kept && frame.contentWindow.location.hash) } catch { return false }
}"""
"""The first page stands there before WeChat was asked who the fan is: the frame leaves for it and comes back."""


def become(town: Town, page: Page, name: str, code: str = "小林") -> None:
    """Take the sandbox's phone as a new fan, scan a channel code and follow."""
    page.goto(f"{town.base}/sandbox/")
    page.get_by_test_id("fan-picker").click()
    page.get_by_test_id("new-fan-name").fill(name)
    page.get_by_test_id("new-fan").click()
    scan_code(town, page, code)
    page.get_by_test_id("follow").click()


def scan_code(town: Town, page: Page, name: str) -> None:
    """Look for the channel code `name` among those one can scan, however many there are, and scan it."""
    scene = scene_of(town, page, name)
    page.get_by_test_id("scan").click()
    page.get_by_test_id("scan-text").fill(scene)
    page.get_by_test_id(f"code-{scene}").click()


def scene_of(town: Town, page: Page, name: str) -> str:
    """What is printed in the code `name`, as the console knows it."""
    page.request.post(
        f"{town.base}/api/console/session",
        data={"account": "owner", "password": town.password("owner")},
        headers={"Origin": town.base},
        fail_on_status_code=True,
    )
    listed = page.request.get(f"{town.base}/api/console/channel-codes?query={name}")
    return next(str(one["scene"]) for one in listed.json()["items"] if one["name"] == name)


def shop_in(page: Page) -> FrameLocator:
    """The page open in the phone's browser."""
    return page.frame_locator("[data-testid='browser-frame']")


def enter_shop(page: Page) -> FrameLocator:
    """Open the shop from the account's menu and wait until it knows the fan."""
    page.get_by_test_id("menu-0").click()
    page.wait_for_function(SIGNED_IN)
    shop = shop_in(page)
    expect(shop.get_by_text("蜜与果干").first).to_be_visible()
    return shop


def go(page: Page, address: str) -> None:
    """Turn the phone's browser to one of the shop's short addresses."""
    page.wait_for_function(SIGNED_IN)
    frame = page.get_by_test_id("browser-frame")
    frame.evaluate("(frame, hash) => { frame.contentWindow.location.hash = hash }", address)


def ask_shop(page: Page, method: str, path: str, body: object = None) -> Any:
    """What the fan's shop would be answered, without looking."""
    return page.get_by_test_id("browser-frame").evaluate(ASK, [method, path, body])
