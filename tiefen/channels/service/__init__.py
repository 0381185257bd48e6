"""The verbs of the channels room, by chapter."""

from tiefen.channels.service.appeals import decide_appeal, open_appeal, withdraw_appeal
from tiefen.channels.service.attribution import (
    credit_order,
    credit_received,
    credit_refunded,
    fan_came_back,
    fan_left,
    part_people,
    rebuild_counters,
    record_touch,
    see_again,
)
from tiefen.channels.service.batches import (
    create_batch,
    edit_codes,
    mint_batch,
    resume_batch,
    stop_batch,
)
from tiefen.channels.service.codes import (
    ask_again,
    bottle_code,
    create_code,
    edit_code,
    follow_url,
    greeting,
    mint,
    renew,
)
from tiefen.channels.service.costs import add_cost, remove_cost
from tiefen.channels.service.exporting import (
    Source,
    attribution,
    export_attribution,
    payback_days,
    per_head_fen,
)
from tiefen.channels.service.imported import record_imported
from tiefen.channels.service.keeping import configure, read_file
from tiefen.channels.service.links import (
    create_link,
    edit_link,
    forget_visits,
    join_visits,
    open_link,
    open_links,
    record_arrival,
    record_visit,
)
from tiefen.channels.service.live import give, given_to, rest, save_live
from tiefen.channels.service.pictures import code_picture
from tiefen.channels.service.posters import poster_of, product_poster
from tiefen.channels.service.printing import forget_prints, print_part, start_print
from tiefen.channels.service.reporting import Result, add_up, export_results, results
from tiefen.channels.service.sharing import publish_weights, share_all
from tiefen.channels.service.sources import join_people, note_order, note_visit

__all__ = [
    "Result",
    "Source",
    "add_cost",
    "add_up",
    "ask_again",
    "attribution",
    "bottle_code",
    "code_picture",
    "configure",
    "create_batch",
    "create_code",
    "create_link",
    "credit_order",
    "credit_received",
    "credit_refunded",
    "decide_appeal",
    "edit_code",
    "edit_codes",
    "edit_link",
    "export_attribution",
    "export_results",
    "fan_came_back",
    "fan_left",
    "follow_url",
    "forget_prints",
    "forget_visits",
    "give",
    "given_to",
    "greeting",
    "join_people",
    "join_visits",
    "mint",
    "mint_batch",
    "note_order",
    "note_visit",
    "open_appeal",
    "open_link",
    "open_links",
    "part_people",
    "payback_days",
    "per_head_fen",
    "poster_of",
    "print_part",
    "product_poster",
    "publish_weights",
    "read_file",
    "rebuild_counters",
    "record_arrival",
    "record_imported",
    "record_touch",
    "record_visit",
    "remove_cost",
    "renew",
    "rest",
    "results",
    "resume_batch",
    "save_live",
    "see_again",
    "share_all",
    "start_print",
    "stop_batch",
    "withdraw_appeal",
]
