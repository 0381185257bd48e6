"""How many customer-service messages an account may send, by what the fan last did."""

from .box import Box
from .errors import WxError
from .models import Relation, Window

MINUTE, TWO_DAYS = 60.0, 172_800.0
# action → (messages, seconds); an action refreshes its own window to the full.
OA: dict[str, tuple[int | None, float]] = {
    "message": (5, TWO_DAYS),
    "menu": (3, MINUTE),
    "follow": (3, MINUTE),
    "scan": (3, MINUTE),
    "pay": (None, TWO_DAYS),
}
MINI: dict[str, tuple[int | None, float]] = {"message": (5, TWO_DAYS), "enter": (2, MINUTE)}


def open_window(box: Box, relation: Relation, action: str) -> None:
    rules = OA if box.apps[relation.app_id].kind == "oa" else MINI
    if action in rules:
        left, seconds = rules[action]
        relation.windows[action] = Window(left, box.clock.time() + seconds)
        box.save_relation(relation)


def spend(box: Box, relation: Relation) -> None:
    """Take one message from the window that closes first. Raises 45015 (none open) or 45047 (all used up)."""
    now = box.clock.time()
    current = sorted((w for w in relation.windows.values() if w.until > now), key=lambda w: w.until)
    if not current:
        raise WxError(45015)
    usable = next((w for w in current if w.left is None or w.left > 0), None)
    if usable is None:
        raise WxError(45047)
    if usable.left is not None:
        usable.left -= 1
    box.save_relation(relation)
