"""Routes of members, by chapter."""

from fastapi import APIRouter

from tiefen.members.http import levels

router = APIRouter()
router.include_router(levels.router)
