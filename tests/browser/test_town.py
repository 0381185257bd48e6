"""The town itself: `tiefen demo` answers as a script would use it, and keeps its data on the next start."""

import httpx
import pytest

from tests.browser.conftest import Town

pytestmark = pytest.mark.slow


def test_the_demo_is_up_and_keeps_its_data_on_the_next_start(town: Town) -> None:
    before = town.told
    login, app_id = before["logins"][0], before["accounts"]["oa"]["app_id"]
    with httpx.Client(trust_env=False, timeout=30) as client:
        assert client.get(f"{town.base}/ready").status_code == 200
        entered = {"account": login["account"], "password": login["password"]}
        signed = client.post(
            f"{town.base}/api/console/session", json=entered, headers={"Origin": town.base}
        )
        assert signed.status_code == 200, signed.text
        url = f"{before['sandbox']['api']}/accounts/{app_id}/verify-url"
        proof = client.post(url).json()
        assert proof["ok"], proof
    town.stop()
    assert not (town.data / "postgres" / "postmaster.pid").exists()
    town.start()
    assert town.told["logins"] == before["logins"]
    assert town.told["accounts"] == before["accounts"]
