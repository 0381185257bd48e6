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


class LocationMissing(NotFound):
    """No such location, or it is closed."""

    code = "inventory.location_missing"
    zh = "没有这个仓库或门店，或已停用"
    en = "No such location, or it is closed"


class LocationNameTaken(Conflict):
    """Two locations of one name would be confused."""

    code = "inventory.location_name_taken"
    zh = "已有同名的仓库或门店"
    en = "Another location has this name"


class LocationNotEmpty(Conflict):
    """A location can be closed only when nothing lies there or is on its way. Details: pieces."""

    code = "inventory.location_not_empty"
    zh = "还有 {pieces} 件货在这里或在途，先调走再停用"
    en = "{pieces} pieces lie here or are on their way; move them first"


class LastSeller(Conflict):
    """Somewhere the shop must sell from."""

    code = "inventory.last_seller"
    zh = "至少要有一个启用的仓库供网店发货"
    en = "At least one active location must sell online"


class BundleHasNoStock(Conflict):
    """Only the parts of a bundle lie on shelves. Details: sku_id."""

    code = "inventory.bundle_has_no_stock"
    zh = "这是组合商品，请调整它的组成商品"
    en = "This is a bundle; change its parts instead"


class NotHeld(Conflict):
    """The order holds fewer pieces of this than are to be sent or put back. Details: sku_id."""

    code = "inventory.not_held"
    zh = "订单没有这么多待发的货"
    en = "The order has not so many pieces left to send"


class SamePlace(Invalid):
    """A transfer needs two places."""

    code = "inventory.same_place"
    zh = "调出和调入不能是同一个地方"
    en = "Goods cannot go to where they come from"


class DuplicateSku(Invalid):
    """A SKU is named twice."""

    code = "inventory.duplicate_sku"
    zh = "同一规格请合并数量"
    en = "The same SKU is named twice; add the quantities up"


class TransferMissing(NotFound):
    """No such transfer."""

    code = "inventory.transfer_missing"
    zh = "没有这张调拨单"
    en = "No such transfer"


class TransferEnded(Conflict):
    """It has arrived or was called back."""

    code = "inventory.transfer_ended"
    zh = "这张调拨单已结束"
    en = "This transfer has ended"


class TooManyArrived(Conflict):
    """More pieces than are on their way. Details: sku_id, left."""

    code = "inventory.too_many_arrived"
    zh = "在途只有 {left} 件"
    en = "Only {left} are on their way"


class SheetMissing(NotFound):
    """No such count sheet."""

    code = "inventory.sheet_missing"
    zh = "没有这张盘点单"
    en = "No such count sheet"


class SheetEnded(Conflict):
    """It was posted or dropped."""

    code = "inventory.sheet_ended"
    zh = "这张盘点单已结束"
    en = "This count has ended"


class SheetExists(Conflict):
    """One count at a time at one place."""

    code = "inventory.sheet_exists"
    zh = "这里已有一张没有结束的盘点单"
    en = "A count is already open here"


class BundleOfBundles(Conflict):
    """A bundle is made of plain SKUs."""

    code = "inventory.bundle_of_bundles"
    zh = "组合只能由普通商品组成，且自己不能是别的组合的一部分"
    en = "A bundle is made of plain SKUs, and is no part of another"


class BundleStillHasStock(Conflict):
    """What becomes a bundle has no pieces of its own. Details: pieces."""

    code = "inventory.bundle_still_has_stock"
    zh = "它自己还有 {pieces} 件库存，先清零再设为组合"
    en = "It has {pieces} pieces of its own; bring them to zero first"


class StockColumnsMissing(Invalid):
    """The table's first line lacks a column. Details: missing."""

    code = "inventory.columns_missing"
    zh = "第一行要有列名，没找到“{missing}”：请用模板或导出的表格"
    en = "The first line must name the columns; “{missing}” is missing. Use the template or an export"


class StockFileEmpty(Invalid):
    """The table has no lines."""

    code = "inventory.file_empty"
    zh = "表格里没有数据行"
    en = "The table has no lines"


class StockImportMissing(NotFound):
    """No such import."""

    code = "inventory.import_missing"
    zh = "没有这次导入"
    en = "No such import"


class StockImportMoved(Conflict):
    """The import is not where this can be done."""

    code = "inventory.import_moved"
    zh = "这次导入已经不在这一步了，请刷新"
    en = "The import has moved on; look again"


class StockImportKnown(Conflict):
    """This table was imported before under this reference. Details: import_no."""

    code = "inventory.import_known"
    zh = "同样的内容、同样的单号已经导入过（{import_no}），没有再次改动库存；确实要再来一次，请换一个单号"
    en = "The same table was imported under this reference before ({import_no}); nothing changed. To do it once more use another reference"


class StockImportForgotten(Conflict):
    """What the lines were is no longer kept, so they cannot be taken back."""

    code = "inventory.import_forgotten"
    zh = "导入超过 30 天，明细已清除，不能再撤销"
    en = "Lines are kept for 30 days; this import can no longer be undone"
