"""Refusals of inventory."""

from tiefen.kernel.errors import Conflict, Invalid, NotFound


class StockShort(Conflict):
    """Fewer pieces are free than wanted. Details: sku_id, wanted, available."""

    code = "inventory.stock_short"
    zh = "库存不足，只剩 {available} 件"
    en = "Not enough in stock: {available} left"

    @property
    def sku_id(self) -> int:
        """The SKU that is short."""
        return int(self.details["sku_id"])

    @property
    def available(self) -> int:
        """Pieces that are free."""
        return int(self.details["available"])


class ReservationEnded(Conflict):
    """The pieces were given back before they were sold."""

    code = "inventory.reservation_ended"
    zh = "预留的库存已释放"
    en = "The stock held for this was released"


class WouldCutReserved(Conflict):
    """An adjustment may not take away pieces that orders hold."""

    code = "inventory.would_cut_reserved"
    zh = "最多只能减 {most} 件：其余被未付款订单占用"
    en = "At most {most} can be taken off; unpaid orders hold the rest"


class SkuUnknown(NotFound):
    """No such SKU."""

    code = "inventory.sku_unknown"
    zh = "没有这个规格"
    en = "No such SKU"


class BadAdjustment(Invalid):
    """The sign of a change does not fit its reason."""

    code = "inventory.bad_adjustment"
    zh = "数量不能为 0；入库要填正数，损耗要填负数"
    en = "Not 0; goods received add pieces, goods lost take pieces away"
