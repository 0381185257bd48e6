"""Daily call quotas of an account and the tools that read and clear them."""

from .box import Box
from .errors import WxError
from .models import App, Usage

CLEARS_A_MONTH = 10
# Paths whose default differs from the general one are named where they are served; the token call is fixed here
# because it is counted before there is a token.
TOKEN_DAILY = 2000


def usage(box: Box, app: App) -> Usage:
    """Today's counts, starting anew when Beijing's day turned."""
    found = box.usage.setdefault(app.app_id, Usage())
    today = box.day()
    if found.day != today:
        found.day, found.used = today, {}
    if found.month != today[:7]:
        found.month, found.clears = today[:7], 0
    return found


def limit(app: App, path: str, default: int) -> int:
    return app.limits.get(path, default)


def spend(box: Box, app: App, path: str, default: int) -> None:
    """Count one call. Raises 45009 at the daily limit."""
    counts = usage(box, app)
    used = counts.used.get(path, 0)
    if used >= limit(app, path, default):
        raise WxError(45009)
    counts.used[path] = used + 1
    box.store.later("usage", app.app_id, counts)


def clear(box: Box, app: App) -> None:
    """Raises 48006 at the eleventh time in a month."""
    counts = usage(box, app)
    if counts.clears >= CLEARS_A_MONTH:
        raise WxError(48006)
    counts.clears += 1
    counts.used = {}
    box.store.later("usage", app.app_id, counts)
