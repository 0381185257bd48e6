"""What needs somebody now, asked of the rooms below."""

from collections.abc import Collection

from sqlalchemy import func, select

from tiefen.analytics.values import Todo, TodoKind
from tiefen.helpdesk import service as helpdesk
from tiefen.inventory import service as inventory
from tiefen.kernel.db import Tx
from tiefen.kernel.jobs import Job
from tiefen.orders import service as orders
from tiefen.payments import service as payments
from tiefen.team.values import Permission


async def todos(tx: Tx, permissions: Collection[str]) -> list[Todo]:
    """What waits, of the kinds the reader's permissions cover; also those with nothing waiting."""
    found = []
    if Permission.ORDERS_READ in permissions:
        waiting = await orders.waiting(tx)
        found.append(Todo(TodoKind.SHIP, waiting.to_ship))
        found.append(Todo(TodoKind.AFTER_SALE, waiting.after_sales, waiting.after_sale_fen))
    if Permission.GOODS_READ in permissions:
        found.append(Todo(TodoKind.LOW_STOCK, await inventory.running_low(tx)))
    if Permission.HELPDESK_READ in permissions:
        found.append(Todo(TodoKind.UNANSWERED, await helpdesk.unanswered_count(tx)))
    if Permission.JOBS_READ in permissions:
        dead = select(func.count()).where(Job.merchant == tx.merchant, Job.state == "dead")
        found.append(Todo(TodoKind.DEAD_JOBS, await tx.scalar(dead) or 0))
    if Permission.MONEY_READ in permissions:
        money = await payments.waiting(tx)
        found.append(Todo(TodoKind.SUSPENSE, money.suspense, money.suspense_fen))
        found.append(Todo(TodoKind.BREAKS, money.breaks))
    return found
