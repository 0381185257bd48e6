"""`tiefen import followers`: begins, follows, goes on."""

import pytest

from tests.fans.import_world import ACTOR, opened
from tiefen.commands import importing
from tiefen.commands.installation import InstallationError
from tiefen.fans import service
from tiefen.fans.errors import ImportRunning
from tiefen.fans.values import FollowerImportState
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
