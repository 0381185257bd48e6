"""A small town in one process: our server, its worker and WeChat's sandbox, under one clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from tests.conftest import SECRET
from tiefen.commands import founding
from tiefen.commands.genesis import programs
from tiefen.commands.installation import Installation
from tiefen.demo.doors import Doors, Watch
from tiefen.demo.goods import GOODS
from tiefen.demo.shopkeeping import CODES, OWNER, TEAM, Shop, open_shop
from tiefen.kernel import audit, clock
from tiefen.kernel.clock import Travel
from tiefen.kernel.settings import Settings

PASSWORD = "correct horse battery"
SANDBOX, SERVER = "http://sandbox.test:8001", "http://tiefen.test:8000"


@pytest.fixture
async def doors(database_url: str, tmp_path: Path, travel: Travel) -> AsyncIterator[Doors]:
    """All doors open, the merchant connected; audited clean at the end."""
    settings = Settings(
        data_dir=tmp_path,
        secret_key=SecretStr(SECRET),
        public_url=SERVER,
        sandbox_url=SANDBOX,
        demo=True,
    )
    installation = Installation(settings, database_url, embedded=True)
    watch = Watch(travel.now)
    with clock.use(watch):
        async with programs(installation, watch, seed=1) as made:
            made.product.base_url = httpx.URL(f"{SERVER}/m/demo")
            await founding.add_owner(made.db, "demo", account=OWNER, name="店主", password=PASSWORD)
            accounts = await founding.connect_to_sandbox(
                made.db, "demo", sandbox=made.sandbox, public_url=SERVER, name="小林好物"
            )
            await founding.point_callbacks(made.sandbox, SERVER, accounts)
            made.app_id = accounts["oa"]["app_id"]
            made.say = lambda _: None
            yield made
            await made.work()
            assert await audit.run(made.db) == []


@pytest.fixture
async def shop(doors: Doors) -> Shop:
    """The demo's shop, opened with honey alone, two codes and three people."""
    return await open_shop(
        doors,
        PASSWORD,
        goods=[one for one in GOODS if one.label == "土蜂蜜"],
        team=[one for one in TEAM if one.account in {"manager", "xiaolin", "dazhuang", "sujie"}],
        codes=CODES[:2],
    )
