"""Which routes a request may be for, without asking each of them."""

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import Scope

DEPTH = 3
"""Segments that are looked at: `/api/shop/orders`."""


class Routes(APIRouter):
    """A room's routes. What begins like none of them is refused by one look-up, not by each route.

    A server has hundreds of routes and a request is for one: without this, asking them all in turn
    was a third of what answering over HTTP costs.
    """

    _begins: frozenset[str] = frozenset()
    _known = -1

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether one of these routes answers."""
        if self._known != len(self.routes):
            assert all(isinstance(route, Route) for route in self.routes)
            paths = (route.path for route in self.routes if isinstance(route, Route))
            self._begins, self._known = frozenset(map(_begin, paths)), len(self.routes)
        if self._begins.isdisjoint(_beginnings(scope["path"])):
            return Match.NONE, {}
        return super().matches(scope)


def _begin(path: str) -> str:
    """What a request must begin with to be for a path: its first segments up to a parameter."""
    fixed = []
    for segment in path.split("/")[1 : DEPTH + 1]:
        if "{" in segment:
            break
        fixed.append(segment)
    return "/".join(fixed)


def _beginnings(path: str) -> list[str]:
    """Every beginning under which a route for this path may be known."""
    segments = path.split("/", DEPTH + 1)[1 : DEPTH + 1]
    return ["/".join(segments[:size]) for size in range(len(segments) + 1)]
