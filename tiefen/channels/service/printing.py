"""Sheets and posters: asked for at once, drawn part by part by the worker, kept for a week."""

from collections.abc import Sequence
from datetime import timedelta

import anyio.to_thread
from sqlalchemy import select

from tiefen.channels.errors import CodeMissing, CodesNotReady, PictureNeeded, PrintMissing
from tiefen.channels.models import ChannelCode, CodePrint
from tiefen.channels.service.drawing import draw
from tiefen.channels.service.keeping import drop_file, keep_file, read_file
from tiefen.channels.values import CodeState, Design, Printed, PrintForm, PrintLayout, PrintState
from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.errors import Refusal
from tiefen.kernel.jobs import later
from tiefen.team.service import record_audit

PRINT = "channels.print_part"
KEPT = timedelta(days=7)
AT_ONCE = {PrintLayout.SHEET_12: 240, PrintLayout.SHEET_24: 480}
POSTERS_AT_ONCE = 50
"""Codes in one file: a part is drawn in seconds and held in memory once."""


async def start_print(
    tx: Tx,
    actor: StaffActor,
    code_ids: Sequence[int],
    *,
    layout: PrintLayout,
    form: PrintForm,
    title: str = "",
    words: str = "",
    picture_key: str = "",
) -> int:
    """Have up to a thousand codes drawn for print, in the order given.

    Raises CodeMissing, CodesNotReady, PictureNeeded.
    """
    if layout is PrintLayout.POSTER_PICTURE and not picture_key.startswith(f"{tx.merchant}/"):
        raise PictureNeeded(field="picture_key")
    states = await tx.execute(
        select(ChannelCode.id, ChannelCode.state).where(ChannelCode.id.in_(code_ids))
    )
    known = {row.id: row.state for row in states}
    if len(known) < len(set(code_ids)):
        raise CodeMissing
    waiting = sum(state is not CodeState.READY for state in known.values())
    if waiting:
        raise CodesNotReady(count=waiting)
    made = CodePrint(
        layout=layout,
        form=form,
        title=title,
        words=words,
        picture_key=picture_key if layout is PrintLayout.POSTER_PICTURE else "",
        code_ids=list(dict.fromkeys(code_ids)),
        state=PrintState.MAKING,
        staff_id=actor.id,
        staff_name=actor.name,
        created_at=tx.now,
    )
    tx.add(made)
    await tx.flush()
    later(tx, PRINT, print_id=made.id)
    after = {"codes": len(made.code_ids), "layout": layout.value, "form": form.value}
    await record_audit(tx, actor, "channels.print_started", f"channel_print:{made.id}", after=after)
    return made.id


async def print_part(db: Db, merchant: str, print_id: int) -> None:
    """Draw the next file of a print, then come back for more; a repeat draws the same part again."""
    async with db.merchant(merchant) as tx:
        found = await tx.get(CodePrint, print_id)
        if found is None or found.state is not PrintState.MAKING:
            return
        begin, whole = found.done, found
        piece = found.code_ids[begin : begin + AT_ONCE.get(found.layout, POSTERS_AT_ONCE)]
        rows = await tx.execute(
            select(ChannelCode.id, ChannelCode.name, ChannelCode.url, ChannelCode.image_key).where(
                ChannelCode.id.in_(piece)
            )
        )
        found_codes = rows.all()
    try:
        codes = {
            row.id: Printed(
                row.name, row.url, await read_file(row.image_key) if row.image_key else b""
            )
            for row in found_codes
        }
        picture = await read_file(whole.picture_key) if whole.picture_key else b""
        design = Design(whole.layout, whole.title, whole.words, picture)
        wanted = [codes[one] for one in piece]
        raw, suffix = await anyio.to_thread.run_sync(draw, design, whole.form, wanted)
        key = await keep_file(merchant, raw, suffix)
    except Refusal as refusal:
        async with db.merchant(merchant) as tx:
            lost = await _locked(tx, print_id)
            lost.state, lost.failure = PrintState.FAILED, refusal.message("zh")[:200]
            lost.ended_at = tx.now
        return
    async with db.merchant(merchant) as tx:
        now = await _locked(tx, print_id)
        if now.done != begin or now.state is not PrintState.MAKING:
            return
        now.parts = [*now.parts, {"key": key, "codes": len(piece), "bytes": len(raw)}]
        now.done += len(piece)
        if now.done == len(now.code_ids):
            now.state, now.ended_at = PrintState.DONE, tx.now
        else:
            later(tx, PRINT, print_id=print_id)


async def forget_prints(db: Db, merchant: str) -> None:
    """Clear away what was drawn more than a week ago: it can be drawn again any time."""
    async with db.merchant(merchant) as tx:
        found = await tx.scalars(
            select(CodePrint).where(CodePrint.created_at < tx.now - KEPT).with_for_update()
        )
        old = list(found)
        for one in old:
            await tx.delete(one)
    for one in old:
        for part in one.parts:
            await drop_file(part["key"])


async def _locked(tx: Tx, print_id: int) -> CodePrint:
    found = await tx.scalar(
        select(CodePrint)
        .where(CodePrint.id == print_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise PrintMissing
    return found
