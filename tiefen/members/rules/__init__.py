"""The rules of the members room, by chapter."""

from tiefen.members.rules.levels import check, earned, growth, judge

__all__ = ["check", "earned", "growth", "judge"]
