"""Routes of promotion, by chapter."""

from fastapi import APIRouter

from tiefen.promotion.http import activities, coupons, freight

router = APIRouter()
router.include_router(activities.router)
router.include_router(coupons.router)
router.include_router(freight.router)

__all__ = ["router"]
