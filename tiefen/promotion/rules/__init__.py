"""The price calculation, by chapter: pure, exact to the fen."""

from tiefen.promotion.rules.agreement import changes, digest_of
from tiefen.promotion.rules.pricing import MAX_TOTAL_FEN, VERSION, basis_of, quote, replay, stored
from tiefen.promotion.rules.stacking import barred, covers, in_force, touches

__all__ = [
    "MAX_TOTAL_FEN",
    "VERSION",
    "barred",
    "basis_of",
    "changes",
    "covers",
    "digest_of",
    "in_force",
    "quote",
    "replay",
    "stored",
    "touches",
]
