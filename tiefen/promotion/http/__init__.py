"""Routes of promotion, by chapter."""

from fastapi import APIRouter

from tiefen.promotion.http import activities, coupons

router = APIRouter()
router.include_router(activities.router)
router.include_router(coupons.router)

__all__ = ["router"]
