"""What fans hear: WeChat says who did something, orders say what they bought."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tiefen.channels.events import CodeSaved, TouchRecorded
from tiefen.fans import service
from tiefen.fans.events import StageChanged
from tiefen.fans.values import Happening
from tiefen.kernel.db import Db, Tx
from tiefen.kernel.events import on
from tiefen.kernel.jobs import cron, job, outward_job
from tiefen.orders.events import (
    AfterSaleRequested,
    OrderClosed,
    OrderPaid,
    OrderPlaced,
    OrderReceived,
    OrderRefunded,
    OrderShipped,
)
from tiefen.wechat.events import (
    Followed,
    Located,
    MenuClicked,
    MessageReceived,
    Scanned,
    Unfollowed,
)


@on(Followed)
async def followed(tx: Tx, event: Followed) -> None:
    """A follow; makes the fan if new."""
    await service.follow(
        tx, app_id=event.app_id, openid=event.openid, scene=event.scene, at=event.at
    )


@on(Unfollowed)
async def unfollowed(tx: Tx, event: Unfollowed) -> None:
    """A leave."""
    await service.unfollow(tx, app_id=event.app_id, openid=event.openid, at=event.at)


@on(Scanned)
async def scanned(tx: Tx, event: Scanned) -> None:
    """A follower scanned one of our codes."""
    await service.scan(tx, app_id=event.app_id, openid=event.openid, scene=event.scene, at=event.at)


@on(MessageReceived)
async def wrote(tx: Tx, event: MessageReceived) -> None:
    """A fan wrote to us; the words themselves are kept by helpdesk."""
    fan_id = await service.resolve(tx, event.app_id, event.openid, at=event.at)
    ref = f"msg:{event.msg_id}" if event.msg_id else f"at:{int(event.at.timestamp())}"
    data = {"kind": event.kind, "text": event.content[:60] if event.kind == "text" else ""}
    await service.record(tx, fan_id, Happening.MESSAGE_IN, ref, at=event.at, data=data)


@on(MenuClicked)
async def clicked(tx: Tx, event: MenuClicked) -> None:
    """A fan tapped the menu."""
    fan_id = await service.resolve(tx, event.app_id, event.openid, at=event.at)
    ref = f"{event.key}:{int(event.at.timestamp())}"
    await service.record(tx, fan_id, Happening.MENU, ref, at=event.at, data={"key": event.key})


@on(Located)
async def located(tx: Tx, event: Located) -> None:
    """A phone said where it is; kept of those who agreed."""
    latitude, longitude = (int(one) for one in event.place.split(","))
    await service.keep_place(
        tx,
        app_id=event.app_id,
        openid=event.openid,
        latitude_milli=latitude,
        longitude_milli=longitude,
        at=event.at,
    )


@on(CodeSaved)
async def code_saved(tx: Tx, event: CodeSaved) -> None:
    """A channel code has a (new) name."""
    await service.name_source(
        tx,
        event.channel_code_id,
        name=event.name,
        kind=event.kind,
        owner_staff_id=event.owner_staff_id,
    )
    await service.name_code_tags(tx, event.channel_code_id, event.tags)


@on(TouchRecorded)
async def touched(tx: Tx, event: TouchRecorded) -> None:
    """A fan came through a code: its tags, and perhaps the first source."""
    if event.first:
        await service.set_source(tx, event.fan_id, event.channel_code_id, at=event.at)
    await service.tag_by_code(tx, event.fan_id, event.channel_code_id, at=event.at)


@on(OrderPlaced)
async def order_placed(tx: Tx, event: OrderPlaced) -> None:
    """An order waits to be paid."""
    await service.record(
        tx,
        event.fan_id,
        Happening.ORDER_PLACED,
        f"order:{event.order_no}",
        at=event.at,
        amount_fen=event.total_fen,
        data={"order_no": event.order_no},
    )


@on(OrderPaid)
async def order_paid(tx: Tx, event: OrderPaid) -> None:
    """An order was paid."""
    await service.record(
        tx,
        event.fan_id,
        Happening.ORDER_PAID,
        f"order:{event.order_no}",
        at=event.at,
        amount_fen=event.total_fen,
        data={
            "order_no": event.order_no,
            "quantity": event.quantity,
            "products": event.products,
        },
    )
    if event.region_code:
        await service.set_region(tx, event.fan_id, event.region_code)


@on(OrderShipped)
async def order_shipped(tx: Tx, event: OrderShipped) -> None:
    """An order is on its way."""
    await _plain(tx, event, Happening.ORDER_SHIPPED)


@on(OrderReceived)
async def order_received(tx: Tx, event: OrderReceived) -> None:
    """An order arrived."""
    await _plain(tx, event, Happening.ORDER_RECEIVED, {"products": event.products})


@on(OrderClosed)
async def order_closed(tx: Tx, event: OrderClosed) -> None:
    """An order was closed unpaid."""
    await _plain(tx, event, Happening.ORDER_CLOSED)


@on(OrderRefunded)
async def order_refunded(tx: Tx, event: OrderRefunded) -> None:
    """Money went back; an order may be refunded in parts."""
    await service.record(
        tx,
        event.fan_id,
        Happening.ORDER_REFUNDED,
        f"order:{event.order_no}:{event.at.isoformat()}",
        at=event.at,
        amount_fen=event.refund_fen,
        whole=event.whole,
        data={"order_no": event.order_no, "whole": event.whole, "products": event.products},
    )


@on(AfterSaleRequested)
async def after_sale(tx: Tx, event: AfterSaleRequested) -> None:
    """A fan asked for money back."""
    await service.record(
        tx,
        event.fan_id,
        Happening.AFTER_SALE,
        f"after_sale:{event.after_sale_id}",
        at=event.at,
        amount_fen=event.amount_fen,
        data={"order_no": event.order_no},
    )


@on(StageChanged)
async def stage_changed(tx: Tx, event: StageChanged) -> None:
    """Rules that look at the stage look again."""
    await service.look_again(tx, event.fan_id)


@job("fans.visited")
async def visited(tx: Tx, fan_id: int, product_id: int, at: str) -> None:
    """A fan looked at a product; one line a day and product."""
    await service.record_visit(tx, fan_id, product_id, datetime.fromisoformat(at))


@job(service.RECHECK)
async def recheck(tx: Tx, fan_id: int) -> None:
    """Rules of tags and segments look at a fan again."""
    await service.recheck(tx, fan_id)


@job(service.REFRESH, lane="bulk")
async def refresh(tx: Tx, segment_id: int, version: int) -> None:
    """Find the members of a segment anew."""
    await service.refresh_segment(tx, segment_id, version)


@job(service.BULK, lane="bulk")
async def bulk(tx: Tx, bulk_id: int) -> None:
    """Do the next piece of something done to many fans."""
    await service.bulk_step(tx, bulk_id)


@outward_job(service.PUSH_TAG, lane="bulk")
async def push_tag(db: Db, merchant: str, tag_id: int) -> None:
    """Make the 公众号 know a shared tag by its name."""
    await service.push_tag(db, merchant, tag_id)


@outward_job(service.DROP_TAG, lane="bulk")
async def drop_tag(db: Db, merchant: str, platform_id: int) -> None:
    """Take a tag of ours off the 公众号."""
    await service.drop_platform_tag(db, merchant, platform_id)


@outward_job(service.PUSH_WEARERS, lane="bulk")
async def push_wearers(db: Db, merchant: str) -> None:
    """Tell the 公众号 who wears its tags now."""
    await service.push_wearers(db, merchant)


@outward_job(service.PULL_TAGS, lane="bulk")
async def pull_tags(db: Db, merchant: str, sync_id: int) -> None:
    """Read who wears which tag in the 公众号, from where the last run stopped."""
    await service.pull_tags(db, merchant, sync_id)


@outward_job(service.IMPORT, lane="bulk")
async def import_followers(db: Db, merchant: str, import_id: int, turn: int) -> None:
    """Go on with an import of followers, for a while."""
    await service.work_on_import(db, merchant, import_id, turn)


@job(service.STEP, lane="bulk")
async def past_step(tx: Tx, import_id: int, part: int) -> None:
    """Do the next part of an import of purchases."""
    await service.past_step(tx, import_id, part)


@job(service.JUDGE, lane="bulk")
async def past_judge(tx: Tx) -> None:
    """Judge the stages of people whose history an import changed."""
    await service.judge_moved(tx)


@job(service.ATTACH)
async def past_attach(tx: Tx, fans: list[int]) -> None:
    """Somebody who bought elsewhere has appeared: they get their history."""
    await service.attach_past(tx, fans)


@job(service.RUN, lane="bulk")
async def run_rfm(tx: Tx, run_id: int) -> None:
    """Score everybody who bought."""
    await service.run_rfm(tx, run_id)


@cron("fans.rfm_daily", every=timedelta(minutes=30), lane="bulk")
async def rfm_daily(db: Db, merchant: str) -> None:
    """Once a day: customers from before who appeared unseen, and everybody's scores."""
    async with db.merchant(merchant) as tx:
        due = await service.rfm_is_due(tx)
    place: int | None = 0
    while due and place is not None:
        async with db.merchant(merchant) as tx:
            place = await service.sweep_past(tx, place)
    if due:
        async with db.merchant(merchant) as tx:
            await service.ask_rfm(tx)


@cron("fans.labels", every=timedelta(minutes=10), lane="bulk")
async def labels(db: Db, merchant: str) -> None:
    """Tags past their time fall off; windows that moved at midnight are looked through."""
    dropped = 1
    while dropped:
        async with db.merchant(merchant) as tx:
            dropped = await service.expire_tags(tx)
    async with db.merchant(merchant) as tx:
        await service.refresh_moved(tx)


@cron("fans.ask_unionids", every=timedelta(minutes=5), lane="bulk")
async def ask_unionids(db: Db, merchant: str) -> None:
    """Learn which followers are people we know from another app."""
    await service.ask_unionids(db, merchant)


@cron("fans.sweep", every=timedelta(hours=6), lane="bulk")
async def sweep(db: Db, merchant: str) -> None:
    """Sign-in states past their life are forgotten."""
    async with db.merchant(merchant) as tx:
        await service.forget_used_states(tx)


@cron("fans.check_stages", every=timedelta(hours=1), lane="bulk")
async def check_stages(db: Db, merchant: str) -> None:
    """Judge those, and only those, whom the days may have moved."""
    looked_at = 1
    while looked_at:
        async with db.merchant(merchant) as tx:
            looked_at = await service.check_due(tx)


@job("fans.apply_stage_rules", lane="bulk")
async def apply_stage_rules(tx: Tx, version: int, after_id: int) -> None:
    """Judge the next people by newly published rules."""
    await service.apply_rules(tx, version, after_id)


async def _plain(
    tx: Tx,
    event: OrderShipped | OrderReceived | OrderClosed,
    kind: Happening,
    more: Mapping[str, Any] | None = None,
) -> None:
    await service.record(
        tx,
        event.fan_id,
        kind,
        f"order:{event.order_no}",
        at=event.at,
        data={"order_no": event.order_no, **(more or {})},
    )


@job(service.EXPORT, lane="bulk")
async def export_person(tx: Tx, request_id: int) -> None:
    """Make the copy of a person's data that was asked for."""
    await service.export_person(tx, request_id)


@job(service.ERASE, lane="bulk")
async def erase_person(tx: Tx, request_id: int) -> None:
    """The next step of removing a person's data."""
    await service.erase_person(tx, request_id)


@cron("fans.forget", every=timedelta(hours=6), lane="bulk")
async def forget(db: Db, merchant: str) -> None:
    """Copies that nobody may fetch any more, what the law no longer asks to keep, old places."""
    async with db.merchant(merchant) as tx:
        await service.drop_exports(tx)
        await service.forget_past(tx)
        await service.erase_late(tx)
        await service.forget_places(tx)
