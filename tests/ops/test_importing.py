"""`tiefen import followers` and `stock`: begin, follow, go on, and are taken back."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.fans.import_world import ACTOR, opened
from tests.inventory.factories import stocked
from tiefen.commands import importing, stocking
from tiefen.commands.installation import InstallationError
from tiefen.fans import service
from tiefen.fans.errors import ImportRunning
from tiefen.fans.values import FollowerImportState
from tiefen.inventory import service as inventory
from tiefen.inventory.values import ImportMode, StockImportState
from tiefen.kernel import worker
from tiefen.kernel.db import Db


async def test_an_import_is_begun_followed_and_taken_up_again(db: Db, database_url: str) -> None:
    told: list[str] = []

    async def run(*, follow: bool = True) -> FollowerImportState:
        told.clear()
        return await importing.followers(database_url, "demo", told.append, follow=follow)

    async with opened(db) as world:
        await world.crowd(250)
        assert await run(follow=False) is FollowerImportState.RUNNING
        assert told == ["import 1 begun"]
        assert await run(follow=False) is FollowerImportState.RUNNING
        assert told == ["import 1 is running"], "the same command does not begin another"
        async with db.merchant("demo") as tx:
            await service.stop_import(tx, ACTOR, 1)
        line = importing.progress(await world.row(), stalled=False)
        assert line == "stopped; 0 of 0 asked: 0 new, 0 changed, 0 as they were, 0 left"
        assert await run(follow=False) is FollowerImportState.RUNNING
        assert told == ["import 1 goes on"]
        await worker.drain(db)
        assert importing.progress(await world.row(), stalled=False).startswith(
            "done; 250 of 250 asked: 250 new, 0 changed"
        )
        await run(follow=False)
        assert told == ["import 2 begun"], "a new look at everybody"
        await world.limit(ask=1)
        await worker.drain(db)
        waits = importing.progress(await world.row(), stalled=False)
        assert waits.startswith("waiting for WeChat until "), waits
        with pytest.raises(InstallationError):
            await importing.followers(database_url, "nobody", told.append)
        with pytest.raises(ImportRunning):
            async with db.merchant("demo") as tx:
                await service.start_import(tx, ACTOR)


@pytest.fixture
def works_meanwhile(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that does its jobs while a command waits."""

    async def sleep(_: float) -> None:
        await worker.drain(db)

    monkeypatch.setattr(importing, "asyncio", SimpleNamespace(sleep=sleep))


@pytest.mark.usefixtures("works_meanwhile")
async def test_stock_goes_out_comes_in_and_is_taken_back(
    db: Db, database_url: str, tmp_path: Path
) -> None:
    """Written out, changed, tried out, run, the wrong line named, and undone."""
    async with db.merchant("demo") as tx:
        skus = [await stocked(tx, 5, skus=[{"price_fen": 990, "code": f"CLI-{n}"}]) for n in (1, 2)]
    file = tmp_path / "stock.csv"
    told: list[str] = []

    async def take(*, dry: bool = False, location: str = "") -> StockImportState:
        told.clear()
        plan = stocking.StockPlan(ImportMode.SET, location, "夜里盘点", dry)
        return await stocking.take(database_url, "demo", file, plan, told.append)

    async def lying() -> list[int]:
        async with db.merchant("demo") as tx:
            return list((await inventory.available(tx, skus)).values())

    assert await stocking.write_out(database_url, "demo", file, "") == 2
    heading, *lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines] == ["CLI-1", "CLI-2"]
    file.write_text(f"{heading}\n{lines[0]}\n规格编码在哪里,,,,9\n", encoding="utf-8")
    assert await take(dry=True) is StockImportState.CHECKED
    assert told[0].startswith("import "), told
    assert told[-1].startswith("line 3 "), told
    file.write_text("规格编码,在库\nCLI-1,12\nCLI-2,5\n", encoding="utf-8")
    assert await take(dry=True) is StockImportState.CHECKED
    assert await lying() == [5, 5], "a dry run changes nothing"
    assert await take() is StockImportState.DONE
    assert "1 changed (+7 -0 pieces), 1 the same, 0 wrong" in told[-1]
    assert await lying() == [12, 5]
    number = int(told[0].split()[1])
    assert await stocking.undo(database_url, "demo", number, told.append) is StockImportState.UNDONE
    assert await lying() == [5, 5]
    with pytest.raises(InstallationError, match="no location 月球仓"):
        await take(location="月球仓")
    with pytest.raises(InstallationError):
        await stocking.write_out(database_url, "nobody", file, "")
