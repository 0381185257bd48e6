"""Whatever is sent to any route: no 5xx, and only answers that the description names."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.api.conftest import Live
from tiefen.main import openapi

schema = schemathesis.openapi.from_dict(json.loads(openapi()))
CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]
WECHAT_CHECKS = [not_a_server_error, status_code_conformance]
"""WeChat is answered in its own form, not in ours."""


@schema.exclude(path="/ready").exclude(path="/metrics").parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.slow
def test_no_input_breaks_a_route(live: Live, case: schemathesis.Case[Any]) -> None:
    shop = case.path.startswith("/api/shop/")
    token = live.fan_token if shop else live.staff_token
    case.call_and_validate(
        base_url=live.base,
        headers={"Authorization": f"Bearer {token}"},
        checks=WECHAT_CHECKS if case.path.startswith("/wechat/") else CHECKS,
    )
