"""Routes of inventory, by chapter."""

from fastapi import APIRouter

from tiefen.inventory.http import stock, tables

router = APIRouter()
router.include_router(tables.router)
router.include_router(stock.router)
