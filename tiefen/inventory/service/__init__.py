"""The verbs of inventory, by chapter."""

from tiefen.inventory.queries import available
from tiefen.inventory.service.holding import (
    convert,
    release,
    release_overdue,
    reserve,
    reserve_all,
    short_of,
)
from tiefen.inventory.service.moving import adjust, open_rows, put_back, restock, send, unsent
from tiefen.inventory.service.places import add_location, edit_location, locations, set_safety

__all__ = [
    "add_location",
    "adjust",
    "available",
    "convert",
    "edit_location",
    "locations",
    "open_rows",
    "put_back",
    "release",
    "release_overdue",
    "reserve",
    "reserve_all",
    "restock",
    "send",
    "set_safety",
    "short_of",
    "unsent",
]
