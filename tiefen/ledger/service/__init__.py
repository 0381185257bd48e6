"""The ledger's verbs, by chapter: moving money (post, reverse), what was (balance, movements), and
files of it (transfers_file, journal_file)."""

from tiefen.ledger.service.filing import journal_file, transfers_file
from tiefen.ledger.service.posting import balance, movements, post, reverse

__all__ = ["balance", "journal_file", "movements", "post", "reverse", "transfers_file"]
