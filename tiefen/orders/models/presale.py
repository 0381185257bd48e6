"""What an order has more when it is paid in two stages, and what went back of which payment."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.db import Base, Fen, Id, Utc, text_enum
from tiefen.orders.values import OrderStatus, PayoutState


class Staged:
    """Columns of an order in presale (预售): a deposit first, the balance in its window."""

    status: Mapped[OrderStatus]
    total_fen: Mapped[Fen]
    pay_until: Mapped[Utc]
    deposit_fen: Mapped[Fen] = mapped_column(default=0, server_default=text("0"))
    """Part of the total that is paid first; 0: paid at once."""
    deposit_payment_id: Mapped[int | None] = mapped_column(BigInteger)
    deposit_paid_at: Mapped[Utc | None]
    balance_from: Mapped[Utc | None]
    balance_until: Mapped[Utc | None]
    ships_by: Mapped[date | None]
    """The day by which the merchant promised to send it."""
    forfeits: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """A balance not paid in time costs the deposit; else it goes back."""

    @property
    def due_fen(self) -> int:
        """What the next payment must be."""
        if self.deposit_fen and self.deposit_payment_id is None:
            return self.deposit_fen
        return self.total_fen - self.deposit_fen

    @property
    def deadline(self) -> datetime:
        """Until when what is due now can be paid."""
        if self.status is OrderStatus.DEPOSITED and self.balance_until:
            return self.balance_until
        return self.pay_until


class AfterSalePayout(Base):
    """One payment's share of an after-sale's refund: an order in presale was paid twice."""

    __tablename__ = "after_sale_payout"
    __table_args__ = (
        UniqueConstraint("reference"),
        CheckConstraint("amount_fen > 0", "amount"),
        Index(None, "after_sale_id", "id"),
    )

    id: Mapped[Id]
    after_sale_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("after_sale.id"))
    attempt: Mapped[int]
    payment_id: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]
    reference: Mapped[str]
    """Under which payments knows the refund."""
    state: Mapped[PayoutState] = mapped_column(text_enum(PayoutState))
