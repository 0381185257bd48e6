"""What both sides tell each other about an after-sale: words are sealed, pictures are stored files."""

from collections.abc import Sequence

from sqlalchemy import func, select

from tiefen.kernel.auth import StaffActor
from tiefen.kernel.db import Tx
from tiefen.orders import rules
from tiefen.orders.errors import TooManyMessages
from tiefen.orders.models import AfterSale, AfterSaleMessage
from tiefen.orders.schemas import MessageIn
from tiefen.orders.service.claims import after_sale_locked
from tiefen.orders.values import Speaker


async def tell_merchant(tx: Tx, fan_id: int, after_sale_no: str, wanted: MessageIn) -> None:
    """The fan adds words or pictures. Raises AfterSaleMissing, TooManyMessages."""
    _, after_sale = await after_sale_locked(tx, after_sale_no, fan_id)
    await note(tx, after_sale, Speaker.FAN, f"fan:{fan_id}", wanted.words, wanted.pictures)


async def tell_fan(tx: Tx, actor: StaffActor, after_sale_no: str, wanted: MessageIn) -> None:
    """The merchant adds words or pictures. Raises AfterSaleMissing, TooManyMessages."""
    _, after_sale = await after_sale_locked(tx, after_sale_no)
    await note(tx, after_sale, Speaker.STAFF, f"staff:{actor.id}", wanted.words, wanted.pictures)


async def note(
    tx: Tx, after_sale: AfterSale, side: Speaker, actor: str, words: str, pictures: Sequence[str]
) -> None:
    """Add to the log of a locked after-sale. Raises TooManyMessages."""
    said = await tx.scalar(
        select(func.count()).where(AfterSaleMessage.after_sale_id == after_sale.id)
    )
    if (said or 0) >= rules.MAX_MESSAGES:
        raise TooManyMessages
    tx.add(
        AfterSaleMessage(
            after_sale_id=after_sale.id,
            side=side,
            actor=actor,
            words=words,
            pictures=list(pictures),
            at=tx.now,
        )
    )
