"""Routes of the fans room, by chapter."""

from fastapi import APIRouter

from tiefen.fans.http import (
    attributes,
    imports,
    joining,
    mine,
    past,
    people,
    places,
    privacy,
    rfm,
    segments,
    tags,
)
from tiefen.fans.http.stages import router as stages

shop = APIRouter()
shop.include_router(people.shop)
shop.include_router(attributes.shop)
shop.include_router(privacy.shop)
shop.include_router(places.shop)
console = APIRouter()
console.include_router(people.console)
console.include_router(mine.console)
console.include_router(joining.console)
console.include_router(privacy.console)
console.include_router(attributes.console)
console.include_router(imports.console)
console.include_router(past.console)
console.include_router(rfm.console)
console.include_router(tags.console)
console.include_router(segments.console)
console.include_router(places.console)

__all__ = ["console", "shop", "stages"]
