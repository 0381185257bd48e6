"""What happens at the helpdesk."""

from datetime import datetime

from tiefen.helpdesk.values import Part
from tiefen.kernel.events import event


@event("helpdesk.answered", sealed=("question",))
class Answered:
    """A fan was answered at once (or not: source "none"). Noted in the commit of the question."""

    app_id: str
    openid: str
    trigger: str
    ref: str
    """the platform's identity of what the fan did, so that a repeat is one line"""
    question: str
    source: str
    rule_id: int | None
    parts: tuple[Part, ...]
    """the first went out with the reply; the others follow as customer messages"""
    at: datetime
    """when the fan did it, to the second"""
    answered_at: datetime
    """when we answered; always after"""
