"""Routes of catalog, by chapter."""

from fastapi import APIRouter

from tiefen.catalog.http import files, goods, shelves, shop

router = APIRouter()
for chapter in (goods, shelves, shop, files):
    router.include_router(chapter.router)

__all__ = ["router"]
