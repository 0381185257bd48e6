"""Named places where a test may make the process fail. Off unless TIEFEN_FAILPOINT is set.

`TIEFEN_FAILPOINT=name:kill` ends the process as `kill -9` would; `name:raise` raises.
A count may follow: `name:kill:3` acts on the third pass.
"""

import os
import signal
from collections import Counter

_armed: dict[str, tuple[str, int]] = {}
_passes: Counter[str] = Counter()


class Failpoint(Exception):
    """Raised at an armed failpoint."""


def arm(rules: str) -> None:
    """Arm places as the environment variable does; for processes that tests fork."""
    for rule in filter(None, rules.split(",")):
        name, action, *nth = rule.split(":")
        _armed[name] = (action, int(nth[0]) if nth else 1)


def failpoint(name: str) -> None:
    """Mark a place between two steps. Costs one dictionary look-up when nothing is armed."""
    if name not in _armed:
        return
    action, nth = _armed[name]
    _passes[name] += 1
    if _passes[name] != nth:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise Failpoint(name)


arm(os.environ.get("TIEFEN_FAILPOINT", ""))
