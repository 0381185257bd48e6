"""Routes of the fans room, by chapter."""

from tiefen.fans.http.people import console, shop

__all__ = ["console", "shop"]
