"""Routes of orders, by chapter."""

from fastapi import APIRouter

from tiefen.orders.http import (
    after_sales,
    counter,
    orders,
    paperwork,
    parcels,
    pay_links,
    reviews,
    tickets,
)

router = APIRouter()
router.include_router(orders.router)
router.include_router(counter.router)
router.include_router(pay_links.router)
router.include_router(parcels.router)
router.include_router(after_sales.router)
router.include_router(reviews.router)
router.include_router(paperwork.router)
router.include_router(tickets.router)

__all__ = ["router"]
