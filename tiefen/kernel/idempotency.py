"""Idempotency keys: same key, same outcome; same key with other input is an error.

The key row is written first and the answer last, in the caller's one transaction: a second request
with the key waits for the first to commit and then gets the stored answer.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import Index, String, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from tiefen.kernel.audit import invariant
from tiefen.kernel.auth import token_of
from tiefen.kernel.db import Base, Tx
from tiefen.kernel.errors import Invalid


class IdempotencyKey(Base):
    """One answered request. Kept for three days by `kernel` housekeeping."""

    __tablename__ = "idempotency_key"
    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    answer: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    __table_args__ = (Index(None, "created_at"),)


invariant(
    "O2.answers",
    "a key that was taken has its answer: both are one commit",
    "SELECT caller, key FROM idempotency_key WHERE answer IS NULL",
)

M = TypeVar("M", bound=BaseModel)


class KeyReused(Invalid):
    """The key was used with other input."""

    code = "idempotency.key_reused"
    zh = "这个 Idempotency-Key 已用于另一个请求"
    en = "This Idempotency-Key was already used for a different request"


class Idempotency:
    """The request's key, if it sent one."""

    def __init__(self, caller: str, route: str, key: str | None) -> None:
        self.caller = caller
        self.route = route
        self.key = key

    async def once(
        self, tx: Tx, body: BaseModel | None, kind: type[M], verb: Callable[[], Awaitable[M]]
    ) -> M:
        """Run `verb` once per key and give the same answer ever after. Without a key, just run.

        Raises KeyReused when the key came before with another body or on another route.
        """
        if self.key is None:
            return await verb()
        seen = f"{self.route}\n{body.model_dump_json() if body else ''}"
        request_hash = hashlib.sha256(seen.encode()).hexdigest()
        fresh = await tx.scalar(
            insert(IdempotencyKey)
            .values(caller=self.caller, key=self.key, request_hash=request_hash, created_at=tx.now)
            .on_conflict_do_nothing()
            .returning(IdempotencyKey.key)
        )
        mine = (IdempotencyKey.caller == self.caller) & (IdempotencyKey.key == self.key)
        if fresh is None:
            kept = (await tx.execute(select(IdempotencyKey).where(mine))).scalar_one()
            if kept.request_hash != request_hash or kept.answer is None:
                raise KeyReused(field="Idempotency-Key")
            return kind.model_validate_json(kept.answer)
        answer = await verb()
        await tx.execute(update(IdempotencyKey).where(mine).values(answer=answer.model_dump_json()))
        return answer


async def _idempotency(
    request: Request,
    idempotency_key: Annotated[str | None, Header(min_length=8, max_length=255)] = None,
) -> Idempotency:
    caller = hashlib.sha256((token_of(request) or "").encode()).hexdigest()
    return Idempotency(caller, f"{request.method} {request.url.path}", idempotency_key)


IdemDep = Annotated[Idempotency, Depends(_idempotency)]
