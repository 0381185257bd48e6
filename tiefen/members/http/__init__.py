"""Routes of members, by chapter."""

from fastapi import APIRouter

from tiefen.members.http import levels, points

router = APIRouter()
router.include_router(levels.router)
router.include_router(points.router)
