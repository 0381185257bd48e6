"""The verbs of inventory, by chapter."""

from tiefen.inventory.queries.pace import running_low
from tiefen.inventory.queries.stock import available
from tiefen.inventory.service.bundling import set_parts
from tiefen.inventory.service.counting import count_pieces, drop_sheet, post_sheet, start_sheet
from tiefen.inventory.service.holding import (
    convert,
    release,
    release_overdue,
    reserve,
    reserve_all,
    short_of,
)
from tiefen.inventory.service.moving import (
    adjust,
    on_shelves,
    open_new,
    open_rows,
    put_back,
    restock,
    send,
    take_in,
    unsent,
)
from tiefen.inventory.service.places import add_location, edit_location, locations, set_safety
from tiefen.inventory.service.table_work import step_table
from tiefen.inventory.service.tables import (
    STEP,
    TablePlan,
    forget_tables,
    run_table,
    stop_table,
    take_table,
    undo_table,
)
from tiefen.inventory.service.transferring import arrive, call_back, start_transfer
from tiefen.inventory.service.warning import count_pace, set_warning, watch

__all__ = [
    "STEP",
    "TablePlan",
    "add_location",
    "adjust",
    "arrive",
    "available",
    "call_back",
    "convert",
    "count_pace",
    "count_pieces",
    "drop_sheet",
    "edit_location",
    "forget_tables",
    "locations",
    "on_shelves",
    "open_new",
    "open_rows",
    "post_sheet",
    "put_back",
    "release",
    "release_overdue",
    "reserve",
    "reserve_all",
    "restock",
    "run_table",
    "running_low",
    "send",
    "set_parts",
    "set_safety",
    "set_warning",
    "short_of",
    "start_sheet",
    "start_transfer",
    "step_table",
    "stop_table",
    "take_in",
    "take_table",
    "undo_table",
    "unsent",
    "watch",
]
