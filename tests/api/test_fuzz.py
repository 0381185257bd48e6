"""Whatever is sent to any route: no 5xx, and only answers that the description names.

Every route gets drawn cases, and one of each shape of body also that body's edges, field by field.
They are the same in each run; TIEFEN_FUZZ=200 draws that many, for whoever has an hour.

A route's cases are drawn when it is tried, by the worker that tries it. Drawing those of all routes
while tests are collected, as the tool's own decorator does, costs each worker twenty seconds.
"""

import json
import os
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Response
from schemathesis.checks import CheckContext, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.api.conftest import Live
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("TIEFEN_FUZZ", "5"))


def does_not_break(
    context: CheckContext, response: Response, case: schemathesis.Case[Any]
) -> bool | None:
    """As the tool's own, but for the 503 of a route that asks WeChat: none of it is here, and another
    case may have entered an account whose calls go out."""
    if response.status_code == 503 and response.json()["error"]["code"].endswith(".away"):
        return None
    return not_a_server_error(context, response, case)


CHECKS = [does_not_break, status_code_conformance, response_schema_conformance]
WECHAT_CHECKS = [does_not_break, status_code_conformance]
"""WeChat is answered in its own form, not in ours."""
UNDESCRIBED = {"GET /b/{code}", "GET /l/{slug}"}
"""Not part of the API: links that people open."""
UNTRIED = {"GET /ready", "GET /metrics"}
API = json.loads((ROOT / "web/packages/client/openapi.json").read_text())
"""What the API describes; a check keeps it in step with the routes."""
MATRIX = json.loads((ROOT / "tests/architecture/rights.json").read_text())
ROUTES = sorted(MATRIX.keys() - UNDESCRIBED - UNTRIED)


def _edgy() -> set[str]:
    """Routes that write, one for each shape of body: others of that shape read it by the same rules."""
    found: dict[str, str] = {}
    for path, doors in API["paths"].items():
        for method, door in doors.items():
            body = door.get("requestBody", {}).get("content", {}).get("application/json", {})
            if method != "get":
                route = f"{method.upper()} {path}"
                found.setdefault(body.get("schema", {}).get("$ref", route), route)
    return set(found.values())


EDGY = _edgy()
Operations = dict[str, APIOperation[Any, Any, Any, Any]]


@pytest.fixture(scope="session")
def operations() -> Operations:
    """What the API describes, by `METHOD /path`."""
    schema = schemathesis.openapi.from_dict(API)
    found = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    return {operation.label: operation for operation in found}


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """One connection for all cases, which carries nothing from one to the next."""
    with requests.Session() as made:
        made.trust_env = False
        made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield made


def test_all_that_is_described_is_tried(operations: Operations) -> None:
    assert operations.keys() == {*ROUTES, *UNTRIED}


@pytest.mark.parametrize("route", ROUTES)
def test_no_input_breaks_a_route(
    live: Live, operations: Operations, session: requests.Session, route: str
) -> None:
    operation = operations[route]
    token = live.fan_token if operation.path.startswith("/api/shop/") else live.staff_token
    checks = WECHAT_CHECKS if operation.path.startswith("/wechat/") else CHECKS

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def answers_as_described(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(
            base_url=live.base,
            session=session,
            headers={"Authorization": f"Bearer {token}"},
            checks=checks,
        )

    edges = route in EDGY
    modes = [
        mode for mode in HypothesisTestMode if edges or mode is not HypothesisTestMode.COVERAGE
    ]
    config = HypothesisTestConfig(project=operation.schema.config, modes=modes)
    create_test(operation=operation, test_func=answers_as_described, config=config)()
