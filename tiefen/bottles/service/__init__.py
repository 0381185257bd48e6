"""The verbs of the bottles room, by chapter."""

from tiefen.bottles.service.making import (
    activate,
    close_alarm,
    configure,
    create_batch,
    note_download,
    print_lines,
    save_limits,
    withdraw,
)
from tiefen.bottles.service.reminding import pay_owed, remind_due
from tiefen.bottles.service.scanning import Told, scan

__all__ = [
    "Told",
    "activate",
    "close_alarm",
    "configure",
    "create_batch",
    "note_download",
    "pay_owed",
    "print_lines",
    "remind_due",
    "save_limits",
    "scan",
    "withdraw",
]
