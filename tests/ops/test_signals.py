"""Ctrl-C and SIGTERM reach whatever is under way, and what stops has the time it is given."""

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from tiefen import cli
from tiefen.commands import serving
from tiefen.kernel import worker


async def loses_its_first(name: signal.Signals, ended: list[str]) -> None:
    """Takes the first cancellation for an ordinary error, as a careless room below might."""
    os.kill(os.getpid(), name)
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(60)
    try:
        await asyncio.sleep(60)
    finally:
        ended.append("tidied up")


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_is_not_lost_on_its_way_down(
    name: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CANCEL_AGAIN_SECONDS", 0.01)
    before, ended = signal.getsignal(name), list[str]()
    assert not await serving.until_told(loses_its_first(name, ended))
    assert ended == ["tidied up"]
    assert signal.getsignal(name) is before


async def test_a_signal_that_comes_with_the_end_still_stops_us() -> None:
    async def done() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    async def wrong() -> None:
        raise ValueError("wrong")

    assert not await serving.until_told(done())
    assert await serving.until_told(asyncio.sleep(0))
    with pytest.raises(ValueError, match="wrong"):
        await serving.until_told(wrong())


def test_a_background_job_of_a_script_hears_ctrl_c_too() -> None:
    before = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell starts `tiefen demo &`
        cli.hear_signals()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def test_a_child_can_do_all_its_stopping_before_it_is_killed() -> None:
    parts = serving.ANSWER_SECONDS + worker.FINISH_SECONDS
    assert parts + 3 <= serving.GRACE_SECONDS
