"""The verbs of the analytics room, by chapter."""

from tiefen.analytics.service.counting import note_fact, note_hits, rebuild
from tiefen.analytics.service.overseeing import todos

__all__ = ["note_fact", "note_hits", "rebuild", "todos"]
