"""The price calculation, by chapter: pure, exact to the fen."""

from tiefen.promotion.rules.agreement import changes, digest_of
from tiefen.promotion.rules.bodies import body_of, rule_of
from tiefen.promotion.rules.checking import check
from tiefen.promotion.rules.guard import Floor, World, floor, margin
from tiefen.promotion.rules.pricing import MAX_TOTAL_FEN, VERSION, basis_of, quote, replay, stored
from tiefen.promotion.rules.stacking import barred, in_force, places, touches
from tiefen.promotion.rules.wording import fold, sentence, summary, tag

__all__ = [
    "MAX_TOTAL_FEN",
    "VERSION",
    "Floor",
    "World",
    "barred",
    "basis_of",
    "body_of",
    "changes",
    "check",
    "digest_of",
    "floor",
    "fold",
    "in_force",
    "margin",
    "places",
    "quote",
    "replay",
    "rule_of",
    "sentence",
    "stored",
    "summary",
    "tag",
    "touches",
]
