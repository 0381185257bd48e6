"""Every page of the faces, as their own routers list them, in every state it can be in.

Waiting shows a mark; an error says so and can be tried again; nothing there yet teaches; without the right there is
a page that says so; and names of two hundred letters push nothing out of the window.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.browser.conftest import WECHAT
from tests.browser.mock import Mock, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK: ViewportSize = {"width": 1440, "height": 900}
HAND: ViewportSize = {"width": 390, "height": 844}
EYES = """(() => {
  // What is asked again after a second, is asked again at once.
  const later = window.setTimeout
  window.setTimeout = (run, ms, ...rest) => later(run, ms >= 900 ? ms / 40 : ms, ...rest)
  const seen = what => [...document.querySelectorAll(what)].filter(e => e.checkVisibility({ visibilityProperty: true }))
  // What is asked of the server may be held back, without taking up the browser's few connections.
  let gate = null, open = () => {}
  const ask = window.fetch, send = XMLHttpRequest.prototype.send
  window.fetch = async (what, ...rest) => {
    if (gate && (what.url ?? String(what)).includes('/api/')) { eyes.held++; await gate }
    return ask(what, ...rest)
  }
  XMLHttpRequest.prototype.send = function (body) {
    if (!gate) return send.call(this, body)
    eyes.held++
    gate.then(() => send.call(this, body))
  }
  const eyes = {
    held: 0,
    hold: () => { eyes.held = 0; gate = new Promise(done => { open = done }) },
    release: () => { gate = null; open() },
    waiting: () => seen('.tf-skeleton, [aria-busy=true], [data-testid=loading], .el-loading-mask, .is-loading, [data-testid=page-coming], .bone, .shimmer, [data-testid=result-waiting]').length > 0,
    retries: () => seen('button').filter(e => /^(重试|再试一次|重新加载)$/.test(e.textContent.trim())).concat(seen('uni-button[data-testid=retry]')),
    empty: () => seen('.tf-empty, [data-testid=page-empty]').length > 0,
    wide: () => {
      const width = document.documentElement.clientWidth, root = document.scrollingElement
      if (root.scrollWidth <= width) return []
      const scrolls = e => e && e !== document.body && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement))
      return [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > width + 1 && e.checkVisibility() && !scrolls(e.parentElement))
        .map(e => `${e.tagName.toLowerCase()}.${[...e.classList].join('.')} ${Math.round(e.getBoundingClientRect().right)}`).slice(-3)
    },
    words: () => (document.querySelector('main, uni-page-body, #app') ?? document.body).innerText.slice(0, 300),
    // A page with unsaved work asks before it is left.
    leave: async path => {
      let gone = false
      router.push(path).then(() => { gone = true })
      while (!gone) {
        await new Promise(done => later(done, 8))
        seen('.el-message-box .el-button--primary')[0]?.click()
      }
    },
    // Resolves when what is wanted holds in two frames, or says that it never did.
    until: (what, ms = 4000) => new Promise(done => {
      const began = performance.now()
      let held = 0
      const look = () => {
        held = eval(what) ? held + 1 : 0
        if (held >= 2) done(true)
        else if (performance.now() - began > ms) done(false)
        else later(look, 16)
      }
      look()
    }),
  }
  window.eyes = eyes
})()"""


@pytest.fixture(scope="module")
def mock(browser_path: str) -> Iterator[Mock]:
    """One server for the walks of this file."""
    with serving() as made:
        yield made


class Face:
    """A face with nobody behind it: its pages are those that its own router tells."""

    name = ""
    start = "#/"
    size = DESK
    more: ClassVar[dict[str, Any]] = {}
    patience = 5000
    """Milliseconds; only what is wrong takes them."""

    def __init__(self, browser: Browser, mock: Mock) -> None:
        self.mock = mock
        self.context = browser.new_context(
            viewport=self.size,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            **self.more,
        )
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(EYES)
        self.errors: list[str] = []
        self.context.on("weberror", lambda one: self.errors.append(str(one.error).splitlines()[0]))
        self.page = self.context.new_page()

    def open(self, rights: frozenset[str] | None = None) -> None:
        """Load it anew as somebody with these rights."""
        self.mock.mood, self.mock.rights = "empty", rights
        self.page.goto("about:blank")
        self.page.goto(f"{self.mock.base}/{self.name}/{self.start}")
        assert self.until("!eyes.waiting() && document.body.innerText.trim() !== ''", 20_000)

    def routes(self) -> list[str]:
        """Every page the router knows."""
        raise NotImplementedError

    def turn(self, path: str, *, hold: bool = False) -> None:
        """Leave for nowhere, forget all answers, and come to a page; with `hold` it has to wait for them."""
        raise NotImplementedError

    def do(self, script: str, what: Any = None) -> Any:
        """Run something in the page."""
        return self.page.evaluate(script, what)

    def until(self, what: str, ms: int | None = None) -> bool:
        """Wait for the page; False when it never came to that."""
        return bool(self.do("([what, ms]) => eyes.until(what, ms)", [what, ms or self.patience]))

    def retry(self) -> int:
        """Press all there is to press."""
        return int(self.do("() => eyes.retries().map(e => e.click()).length"))

    def words(self) -> str:
        """The beginning of what the page says."""
        return str(self.do("() => eyes.words()")).replace("\n", " ")[:120]


class Desk(Face):
    """The console."""

    name, start = "console", "#/forbidden"

    def open(self, rights: frozenset[str] | None = None) -> None:
        super().open(rights)
        self.do(
            "() => { const app = document.querySelector('#app').__vue_app__;"
            " window.router = app.config.globalProperties.$router;"
            " window.cache = app._context.provides.VUE_QUERY_CLIENT }"
        )

    def routes(self) -> list[str]:
        return [path for path, _ in self.rights()]

    def rights(self) -> list[tuple[str, str]]:
        """Every page with the right it asks for."""
        told = self.do(
            "() => router.getRoutes().filter(r => r.meta.room && !r.redirect)"
            ".map(r => [r.path, r.meta.permission ?? ''])"
        )
        return [(path, right) for path, right in told]

    def turn(self, path: str, *, hold: bool = False) -> None:
        self.do("() => eyes.leave('/forbidden')")
        self.do(
            "async ([path, hold]) => { cache.clear(); if (hold) eyes.hold(); await router.push(path) }",
            [filled(path), hold],
        )


class Phone(Face):
    """The staff phone."""

    name, size = "phone", HAND
    nowhere = "/me"

    def routes(self) -> list[str]:
        told: list[str] = self.do(
            "() => document.querySelector('#app').__vue_app__._context.provides.addresses"
        )
        return told

    def turn(self, path: str, *, hold: bool = False) -> None:
        self.do(
            "async ([nowhere, path, hold]) => { location.hash = nowhere; await eyes.until('!eyes.waiting()');"
            " for (const key of Object.keys(localStorage)) if (key.includes('.seen:')) localStorage.removeItem(key);"
            " if (hold) eyes.hold(); location.hash = path; await eyes.until('true') }",
            [self.nowhere, path, hold],
        )


class Shop(Phone):
    """The shop inside WeChat, with a fan who is known."""

    name, start, nowhere = "shop", "#/mine/outside/index", "/mine/outside/index"
    more: ClassVar[dict[str, Any]] = {"user_agent": WECHAT}

    def open(self, rights: frozenset[str] | None = None) -> None:
        kept = json.dumps({"type": "string", "data": "token"})
        key = f"tiefen.token:{self.mock.base}:"
        self.context.add_init_script(
            f"if (location.protocol === 'http:') localStorage.setItem({key!r}, {kept!r})"
        )
        super().open(rights)

    def routes(self) -> list[str]:
        told: list[str] = self.do("() => __uniRoutes.map(one => one.path)")
        return [f"{path}?no=1&id=1&code=1&t=1" for path in told]


def filled(path: str) -> str:
    """The address of some page of a route."""
    return re.sub(r":(\w+)(\([^)]*\))?\??", lambda one: "O1" if one[1] == "no" else "1", path)


@pytest.mark.parametrize("face", [Desk, Phone, Shop])
def test_every_page_in_every_state(mock: Mock, browser: Browser, face: type[Face]) -> None:
    shown = face(browser, mock)
    shown.open()
    found = [f"{path}: {fault}" for path in shown.routes() for fault in faults_of(shown, path)]
    assert found == []


def faults_of(shown: Face, path: str) -> list[str]:
    """What is wrong with a page, state by state."""
    mock = shown.mock
    mock.mood = "failing"
    shown.turn(path, hold=True)
    found = []
    if path.partition("?")[0] not in STILL and shown.until("eyes.held > 0", 250):
        found += faults_of_asking(shown)
    shown.do("() => eyes.release()")
    mock.mood = "empty"
    if path.partition("?")[0] not in FULL and not shown.until("eyes.empty()", 300):
        found.append(f"empty without a word: {shown.words()}")
    mock.mood = "long"
    shown.turn(path)
    shown.until("!eyes.waiting()")
    for size in (HAND, DESK) if shown.size is DESK else (HAND,):
        shown.page.set_viewport_size(size)
        shown.until("true")
        wide = shown.do("() => eyes.wide()")
        if wide:
            found.append(f"wider than {size['width']}: {wide}")
    found += [f"error: {one}" for one in shown.errors]
    found += [f"asks what is not there: {one}" for one in mock.strange]
    shown.errors.clear()
    mock.strange.clear()
    return found


def faults_of_asking(shown: Face) -> list[str]:
    """What is wrong while it waits, when the server fails, without network, and when it is tried again."""
    mock, found = shown.mock, []
    if not shown.until("eyes.waiting()", 1000):
        found.append("waits without a mark")
    shown.do("() => eyes.release()")
    if not shown.until("eyes.retries().length > 0"):
        found.append(f"fails without a retry: {shown.words()}")
    mock.mood = "off"
    shown.retry()
    if not shown.until("eyes.retries().length > 0 && !eyes.waiting()"):
        found.append(f"no network without a retry: {shown.words()}")
    mock.mood = "empty"
    for _ in range(4):
        if not shown.retry():
            break
        shown.until("!eyes.waiting()")
    if not shown.until("eyes.retries().length === 0 && !eyes.waiting()"):
        found.append(f"the retry does not help: {shown.words()}")
    return found


def test_a_page_that_hides_its_state_is_seen(mock: Mock, browser: Browser) -> None:
    """The walk's own control: with the marks taken away, each state is called missing."""
    shown = Phone(browser, mock)
    shown.context.add_init_script(
        "addEventListener('DOMContentLoaded', () => document.head.append(Object.assign("
        "document.createElement('style'), { textContent: '.bone, .state, [aria-busy=true] { display: none !important }"
        " main { min-width: 500px }' })))"
    )
    shown.open()
    shown.patience = 300
    found = " ".join(faults_of(shown, "/orders"))
    for missing in ("a mark", "fails without", "no network", "empty without", "wider than 390"):
        assert missing in found


def test_without_the_right_a_page_says_so(mock: Mock, browser: Browser) -> None:
    """Nobody sees a page, or a hole in one, that their role does not open."""
    desk = Desk(browser, mock)
    desk.open(frozenset())
    found, by_right = [], dict[str, list[str]]()
    for path, right in desk.rights():
        by_right.setdefault(right, []).append(path)
        desk.do("path => router.push(path)", filled(path))
        shut = desk.do("() => router.currentRoute.value.path") == "/forbidden"
        if shut != bool(right) or not desk.until("eyes.empty() || !eyes.waiting()"):
            found.append(f"{path}: open without {right}" if not shut else f"{path}: shut to all")
    for right, paths in by_right.items():
        seeing = right.replace(".write", ".read")
        desk.open(frozenset({right, seeing} & set(mock.permissions)))
        for path in paths:
            mock.refused.clear()
            desk.turn(path)
            desk.until("!eyes.waiting()")
            found += [f"{path}: asks for {door}" for door in mock.refused]
            found += [f"{path}: {one}" for one in desk.errors]
            desk.errors.clear()
    assert found == []


FULL = frozenset({
    "/orders/1",
    "/orders/:no",  # an order that nothing is sent for has no empty card of parcels
    "/after-sales/1",
    "/share/1",
    "/me",
    "/verify",
    "/collect",
    "/pages/me/index",
    "/pages/product/index",
    "/trade/result/index",
    "/trade/pay-link/index",
    "/trade/order/index",
    "/trade/after-sale/index",
    "/mine/address/index",
    "/mine/details/index",
    "/mine/privacy/index",
    "/mine/settings/index",
    "/mine/share/index",
    "/mine/invited/index",
    "/mine/bottle/index",
    "/mine/outside/index",
    "/account",
    "/after-sales/rules",
    "/channels/:id(\\d+)/edit",
    "/channels/batches/new",
    "/channels/links/:id(\\d+)/edit",
    "/channels/links/new",
    "/channels/new",
    "/bottles/new",
    "/coupons/:id(\\d+)/edit",
    "/coupons/new",
    "/goods/:id(\\d+)",
    "/goods/new",
    "/levels",
    "/promotions/:id(\\d+)/edit",
    "/promotions/groups",
    "/promotions/new",
    "/referral/rules",
    "/replies/new",
    "/segments/:id(\\d+)/edit",
    "/segments/new",
    "/settings/freight",
    "/sources/weights",
    "/stages/rules",
    "/after-sales/:no",
})  # fmt: skip
"""Forms, and pages about one thing that is never without parts: there is no empty state to teach in."""
STILL = frozenset({
    "/pages/me/index",
    "/trade/checkout/index",
    "/mine/settings/index",
    "/mine/outside/index",
})  # fmt: skip
"""Pages of the shop that stand without an answer: what they ask in passing (a greeting, the number in the cart) may
fail in silence. A checkout opened by its address has nothing to settle."""
