"""Routes of catalog, by chapter."""

from fastapi import APIRouter

from tiefen.catalog.http import changes, files, goods, reviews, sharing, shelves, shop

router = APIRouter()
for chapter in (goods, changes, reviews, shelves, shop, sharing, files):
    router.include_router(chapter.router)

__all__ = ["router"]
