"""Faults armed on request: which there are, what they match, how often they strike."""

from typing import Any

from msgspec import Struct, field, structs

from .errors import ControlError

SENDING = frozenset({"duplicate", "delay", "reorder", "drop"})
WRONG_FACTS = frozenset(
    {"wrong_amount", "wrong_order", "wrong_merchant", "wrong_currency", "second_transaction"}
)
CALLING = frozenset(
    {
        "timeout_before",
        "timeout_after",
        "http_500_before",
        "http_500_after",
        "truncated",
        "rate_limit",
        "token_rotate",
    }
)
FORGERIES = frozenset(
    {
        "headers_missing",
        "empty_signature",
        "other_key",
        "altered_body",
        "unknown_serial",
        "skew",
        "signtest",
        "bad_tag",
        "other_app_id",
    }
)
PUSH_FORGERIES = frozenset(
    {"headers_missing", "empty_signature", "other_key", "altered_body", "skew", "other_app_id"}
)
KINDS = SENDING | WRONG_FACTS | CALLING | {"forge"}
MATCHES = frozenset({"target", "account", "event", "path", "openid", "out_trade_no"})


class Rule(Struct):
    id: int
    kind: str
    match: dict[str, str] = field(default_factory=dict)
    left: int | None = 1
    hits: int = 0
    how: str = "other_key"
    copies: int = 2
    concurrent: bool = False
    seconds: float | None = None
    retries: bool = False
    only: bool = False
    delta: int = 1
    value: str = ""
    code: int = 45009

    def targets(self) -> frozenset[str]:
        if "target" in self.match:
            return frozenset({self.match["target"]})
        if self.kind in CALLING:
            return frozenset({"api"})
        return frozenset({"notice"}) if self.kind in WRONG_FACTS else frozenset({"push", "notice"})

    def fits(self, target: str, facts: dict[str, str]) -> bool:
        if target not in self.targets() or self.left == 0:
            return False
        for name, wanted in self.match.items():
            if name == "target":
                continue
            value = facts.get(name, "")
            if value != wanted and not (wanted.endswith("*") and value.startswith(wanted[:-1])):
                return False
        return True


class Faults:
    def __init__(self) -> None:
        self.rules: dict[int, Rule] = {}
        self._next = 1

    def arm(self, body: dict[str, Any]) -> Rule:
        """Raises ControlError for a kind, option or match nobody knows."""
        options = {k: v for k, v in body.items() if k not in {"kind", "match", "times"}}
        kind, match = body.get("kind"), body.get("match") or {}
        if kind not in KINDS:
            raise ControlError(
                422, "sandbox.fault_kind", f"kind is one of {', '.join(sorted(KINDS))}"
            )
        if not isinstance(match, dict) or set(match) - MATCHES:
            raise ControlError(
                422, "sandbox.fault_match", f"match may name {', '.join(sorted(MATCHES))}"
            )
        known = set(structs.asdict(Rule(0, "drop"))) - {"id", "kind", "match", "left", "hits"}
        if set(options) - known:
            raise ControlError(
                422, "sandbox.fault_option", f"options are {', '.join(sorted(known))}"
            )
        if options.get("how", "other_key") not in FORGERIES:
            raise ControlError(
                422, "sandbox.fault_how", f"how is one of {', '.join(sorted(FORGERIES))}"
            )
        times = body.get("times", 1)
        rule = Rule(self._next, str(kind), {k: str(v) for k, v in match.items()}, times, **options)
        self._next += 1
        self.rules[rule.id] = rule
        return rule

    def take(self, target: str, facts: dict[str, str], kinds: frozenset[str] = KINDS) -> list[Rule]:
        """The rules that strike now; each is used up by one."""
        if not self.rules:
            return []
        struck = [
            rule for rule in self.rules.values() if rule.kind in kinds and rule.fits(target, facts)
        ]
        for rule in struck:
            rule.hits += 1
            if rule.left is not None:
                rule.left -= 1
        return struck
