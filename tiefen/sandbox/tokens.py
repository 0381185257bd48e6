"""Access tokens in their two spaces, and JS-SDK tickets."""

from .box import Box
from .errors import WxError
from .models import AccessToken, App, TokenState

LIFE = 7200.0
OVERLAP = 300.0
FORCES_A_DAY = 20
FORCE_GAP = 30.0


def peek(box: Box, token: str) -> str:
    """Whose token it is, dead or alive; "" for nobody's."""
    found = box.tokens.get(token)
    return found.app_id if found else ""


def check(box: Box, token: str | None) -> App:
    """The account of a live token. Raises 41001, 40014, 40001 (displaced) or 42001 (expired)."""
    if not token:
        raise WxError(41001)
    found = box.tokens.get(token)
    if found is None or found.app_id not in box.apps:
        raise WxError(40001 if len(token) > 60 else 40014)
    now = box.clock.time()
    if found.dies_at is not None and found.dies_at <= now:
        raise WxError(40001)
    if found.expires_at <= now:
        raise WxError(42001)
    return box.apps[found.app_id]


def state(box: Box, app: App) -> TokenState:
    return box.token_states.setdefault(app.app_id, TokenState())


def _issue(box: Box, app: App, space: str) -> AccessToken:
    made = AccessToken(
        f"{box.chance.digits(2)}_{box.chance.token(133)}",
        app.app_id,
        "stable" if space == "stable" else "plain",
        box.clock.time() + LIFE,
    )
    box.tokens[made.token] = made
    box.store.later("token", made.token, made)
    return made


def _displace(box: Box, token: str, overlap: float) -> None:
    old = box.tokens.get(token)
    if old is not None:
        at = box.clock.time() + overlap
        old.dies_at = at if old.dies_at is None else min(old.dies_at, at)
        box.store.later("token", token, old)


def kill(box: Box, token: str) -> None:
    """Make this token invalid at once, whichever space it is of."""
    found = box.tokens.get(token)
    if found is None:
        return
    _displace(box, token, 0.0)
    current = box.token_states.get(found.app_id)
    if current is not None:
        if current.plain == token:
            current.plain = ""
        if current.stable == token:
            current.stable = ""


def plain(box: Box, app: App) -> tuple[str, int]:
    """A new token of the plain space; the one before it lives five minutes more."""
    current = state(box, app)
    _displace(box, current.plain, OVERLAP)
    made = _issue(box, app, "plain")
    current.plain = made.token
    box.store.later("token_state", app.app_id, current)
    return made.token, int(LIFE)


def stable(box: Box, app: App, *, force: bool) -> tuple[str, int]:
    """The current stable token, rolled five minutes early; `force` displaces it, at most 20 times a day, 30 s apart."""
    now, current = box.clock.time(), state(box, app)
    if current.forced_day != box.day():
        current.forced_day, current.forced_count = box.day(), 0
    forced = force and current.forced_count < FORCES_A_DAY and now - current.forced_at >= FORCE_GAP
    token = box.tokens.get(current.stable)
    if forced:
        current.forced_count += 1
        current.forced_at = now
        _displace(box, current.stable, 0.0)
        token = None
    if token is None or token.expires_at - now < OVERLAP:
        token = _issue(box, app, "stable")
        current.stable = token.token
    box.store.later("token_state", app.app_id, current)
    return token.token, int(token.expires_at - now)


def jsapi_ticket(box: Box, app: App) -> tuple[str, int]:
    now, current = box.clock.time(), state(box, app)
    if current.ticket_expires_at - now < OVERLAP:
        current.ticket = f"{box.chance.token(86)}"
        current.ticket_expires_at = now + LIFE
        box.store.later("token_state", app.app_id, current)
    return current.ticket, int(current.ticket_expires_at - now)
