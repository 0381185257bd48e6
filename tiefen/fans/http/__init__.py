"""Routes of the fans room, by chapter."""

from tiefen.fans.http.people import console, shop
from tiefen.fans.http.stages import router as stages

__all__ = ["console", "shop", "stages"]
