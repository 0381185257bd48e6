"""Routes of the channels room, by chapter."""

from tiefen.channels.http.batches import router as batches
from tiefen.channels.http.codes import router as codes
from tiefen.channels.http.costs import router as costs
from tiefen.channels.http.links import router as links
from tiefen.channels.http.live import router as live
from tiefen.channels.http.mine import router as mine
from tiefen.channels.http.prints import router as prints
from tiefen.channels.http.results import router as results

__all__ = ["batches", "codes", "costs", "links", "live", "mine", "prints", "results"]
