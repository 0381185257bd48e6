"""What a log line may never hold."""

import io
import json
import sys

import pytest
import structlog

from tiefen.kernel import log


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(
    as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log.configure(as_json=as_json)
    structlog.configure(cache_logger_on_first_use=False)
    held = "canary-secret"
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("it broke", count=len(held))
    assert "broken" in written.getvalue()
    assert "test_log.py" in written.getvalue()
    assert "canary-secret" not in written.getvalue().replace('held = "canary-secret"', "")


def test_private_fields_are_scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    log.configure(as_json=True)
    structlog.configure(cache_logger_on_first_use=False)
    structlog.get_logger().info("seen", openid="oCanary", order=7)
    assert "oCanary" not in written.getvalue()
    assert '"order": 7' in written.getvalue()


def test_a_logger_used_before_writes_to_where_standard_error_is_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log.configure(as_json=True)
    logger = structlog.get_logger()
    for _ in range(2):
        with io.StringIO() as now:
            monkeypatch.setattr(sys, "stderr", now)
            logger.info("seen")
            assert json.loads(now.getvalue())["event"] == "seen"
