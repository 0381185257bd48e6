"""Named places where a test may make the process fail. Off unless TIEFEN_FAILPOINT is set.

`TIEFEN_FAILPOINT=name:kill` ends the process as `kill -9` would; `name:raise` raises.
A count may follow: `name:kill:3` acts on the third pass.
"""

import os
import signal
from collections import Counter

_armed: dict[str, tuple[str, int]] = {}
_passes: Counter[str] = Counter()
for _rule in filter(None, os.environ.get("TIEFEN_FAILPOINT", "").split(",")):
    _name, _action, *_nth = _rule.split(":")
    _armed[_name] = (_action, int(_nth[0]) if _nth else 1)


class Failpoint(Exception):
    """Raised at an armed failpoint."""


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
