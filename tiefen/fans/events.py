"""What happens to fans."""

from datetime import datetime

from tiefen.fans.values import ImportedFan
from tiefen.kernel.events import event


@event("fans.joined")
class FanJoined:
    """A person we did not know."""

    fan_id: int
    at: datetime


@event("fans.followed")
class FanFollowed:
    """A fan follows an account; `first` when they never followed any account of ours before.

    `scene` is that of the QR code they came through, if any.
    """

    fan_id: int
    app_id: str
    openid: str
    scene: str | None
    first: bool
    at: datetime


@event("fans.scanned")
class FanScanned:
    """A follower scanned a code of ours; told after everything that fan did before."""

    fan_id: int
    app_id: str
    openid: str
    scene: str
    at: datetime


@event("fans.followers_imported")
class FollowersImported:
    """Followers from before we listened became fans, a page of them; each is new to us.

    Not a follow that happened now: nobody is welcomed, and no day's new follows are counted.
    """

    app_id: str
    people: tuple[ImportedFan, ...]


@event("fans.arrived")
class FanArrived:
    """A fan signed in with something that tells how they came; not told without it.

    `visitor`: a keyed hash of the cookie that a link of ours gave the browser; `scene`: of the
    mini-program code they opened.
    """

    fan_id: int
    visitor: str
    scene: str
    at: datetime


@event("fans.unfollowed")
class FanUnfollowed:
    """A fan left an account of ours."""

    fan_id: int
    at: datetime


@event("fans.stage_changed")
class StageChanged:
    """A fan moved to another stage. Values are those of `values.Stage`."""

    fan_id: int
    before: str
    after: str
    at: datetime


@event("fans.merged")
class FansMerged:
    """Two records turned out to be one person: `loser_id` now reads as `winner_id`."""

    winner_id: int
    loser_id: int
    at: datetime


@event("fans.parted")
class FansParted:
    """A join was undone: `loser_id` and what is joined into it are a person of their own again.

    `since`: when they were joined.
    """

    winner_id: int
    loser_id: int
    since: datetime
    at: datetime


@event("fans.erased")
class FanErased:
    """The personal data of a person was removed; `records` are all their records, now nameless."""

    fan_id: int
    records: list[int]
    at: datetime


@event("fans.segment_entered")
class SegmentEntered:
    """A fan came into a segment by what they did, or as its window moved."""

    segment_id: int
    fan_id: int
    at: datetime


@event("fans.segment_left")
class SegmentLeft:
    """A fan is no longer in a segment."""

    segment_id: int
    fan_id: int
    at: datetime


@event("fans.segment_refreshed")
class SegmentRefreshed:
    """The members of a segment were found anew. `told` when each coming and going was published;
    a first filling, and a change of very many, are not."""

    segment_id: int
    entered: int
    left: int
    members: int
    told: bool
    at: datetime
