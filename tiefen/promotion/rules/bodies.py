"""How a rule is stored: without number and version, which stand in columns beside it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tiefen.promotion.values import Rule


def rule_of(promotion_id: int, version: int, body: Mapping[str, Any]) -> Rule:
    """A stored body as a rule."""
    return msgspec.convert({**body, "id": promotion_id, "version": version}, Rule)


def body_of(rule: Rule) -> dict[str, Any]:
    """A rule as it is stored."""
    kept: dict[str, Any] = msgspec.to_builtins(rule)
    del kept["id"], kept["version"]
    return kept
