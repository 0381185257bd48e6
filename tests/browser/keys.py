"""A keyboard beside the browser: where the focus is, and that it can be seen."""

from playwright.sync_api import Locator, Page, expect

HAS_FOCUS = "e => e === document.activeElement || e.contains(document.activeElement)"
RING = """() => {
  const shown = e => { const s = getComputedStyle(e); return s.boxShadow !== 'none' || parseFloat(s.outlineWidth) > 0 && s.outlineStyle !== 'none' }
  const e = document.activeElement
  return e.matches(':focus-visible') && [e, e.parentElement, e.closest('label, .el-input__wrapper, .el-textarea, .el-select__wrapper')].some(one => one && shown(one))
}"""


def reach(page: Page, target: Locator, key: str = "Tab", most: int = 80) -> None:
    """Press the key until the target has the focus, and see that it shows it."""
    expect(target).to_be_visible()
    for _ in range(most):
        if target.evaluate(HAS_FOCUS):
            assert page.evaluate(RING), f"the focus cannot be seen on {target}"
            return
        page.keyboard.press(key)
    raise AssertionError(f"{most} times {key} do not reach {target}")


def stays_inside(page: Page, dialog: Locator, times: int) -> None:
    """However often Tab is pressed, the focus does not leave the dialog."""
    expect(dialog).to_be_visible()
    expect(
        dialog.locator(":focus, :scope:focus").or_(dialog.and_(page.locator(":focus")))
    ).to_have_count(1)
    for _ in range(times):
        page.keyboard.press("Tab")
        assert dialog.evaluate(HAS_FOCUS), "the focus left the dialog"


def escapes(page: Page, opener: Locator, dialog: Locator) -> None:
    """Enter opens, Escape closes, and the focus is back where it was."""
    reach(page, opener)
    page.keyboard.press("Enter")
    stays_inside(page, dialog, 12)
    reach(page, dialog.get_by_role("button").first)  # Escape in a field closes its list first
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
