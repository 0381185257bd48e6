"""Refusals of catalog."""

from collections.abc import Sequence

from tiefen.kernel.errors import Conflict, Invalid, NotFound, Refusal


class ProductMissing(NotFound):
    """No such product (for a fan: none on the shelf)."""

    code = "catalog.product_missing"
    zh = "商品不存在或已下架"
    en = "This product does not exist or is no longer on the shelf"


class CategoryMissing(Invalid):
    """A product or category names a category that is not there."""

    code = "catalog.category_missing"
    zh = "分类不存在"
    en = "This category does not exist"


class CategoryTooDeep(Invalid):
    """Categories nest at most three levels and never in a circle."""

    code = "catalog.category_too_deep"
    zh = "分类最多 {levels} 级，且不能放到自己的下级"
    en = "Categories nest at most {levels} levels and never inside themselves"


class CategoryInUse(Conflict):
    """A category with products or children cannot go."""

    code = "catalog.category_in_use"
    zh = "分类下还有 {products} 个商品、{children} 个子分类，请先移走"
    en = "This category still holds {products} products and {children} categories; move them first"


class BadSpecs(Invalid):
    """The SKU grid does not fit the product's specs."""

    code = "catalog.bad_specs"
    zh = "规格有误：{why_zh}"
    en = "The specs do not fit: {why_en}"


class BadCells(Invalid):
    """Several cells of the grid are wrong; `parts` says which."""

    code = "catalog.bad_cells"
    zh = "有 {count} 处需要修改，没有保存任何内容"
    en = "{count} cells are wrong; nothing was saved"

    def __init__(self, parts: Sequence[Refusal]) -> None:
        super().__init__(count=len(parts))
        self.parts = tuple(parts)


class ProductCodeTaken(Conflict):
    """Two products cannot share a merchant code."""

    code = "catalog.product_code_taken"
    zh = "商品编码 {product_code} 已被其他商品使用"
    en = "Product code {product_code} is already in use"


class BrandMissing(Invalid):
    """A product names a brand that is not there."""

    code = "catalog.brand_missing"
    zh = "品牌不存在"
    en = "This brand does not exist"


class BrandGone(NotFound):
    """No such brand."""

    code = "catalog.brand_gone"
    zh = "品牌不存在"
    en = "No such brand"


class BrandTaken(Conflict):
    """Two brands cannot share a name."""

    code = "catalog.brand_taken"
    zh = "已有品牌“{name}”"
    en = "There is a brand {name} already"


class BrandInUse(Conflict):
    """A brand with products cannot go."""

    code = "catalog.brand_in_use"
    zh = "还有 {products} 个商品使用这个品牌，请先改掉"
    en = "{products} products still carry this brand; change them first"


class BadShelfTimes(Invalid):
    """A product cannot go off the shelf before it goes on."""

    code = "catalog.bad_shelf_times"
    zh = "定时下架必须晚于定时上架"
    en = "It must go off the shelf after it goes on"


class CodeTaken(Conflict):
    """Two SKUs cannot share a merchant code."""

    code = "catalog.code_taken"
    zh = "商家编码 {sku_code} 已被其他规格使用"
    en = "SKU code {sku_code} is already in use"


class NotReady(Conflict):
    """A product lacks something it needs on the shelf."""

    code = "catalog.not_ready"
    zh = "上架前请补全：{missing_zh}"
    en = "Before it can go on the shelf it needs: {missing_en}"


class EditedElsewhere(Conflict):
    """Somebody saved the product after it was opened here."""

    code = "catalog.edited_elsewhere"
    zh = "商品已被他人修改（当前版本 {version}），请刷新后再保存"
    en = "Somebody else saved this product (now version {version}); reload and try again"


class FileForeign(Invalid):
    """A picture is named that this merchant never uploaded."""

    code = "catalog.file_foreign"
    zh = "请先上传图片"
    en = "Upload the picture first"


class CategoryGone(NotFound):
    """No such category."""

    code = "catalog.category_gone"
    zh = "分类不存在"
    en = "No such category"


class NotAVideo(Invalid):
    """The upload is no video we accept."""

    code = "catalog.not_a_video"
    zh = "不是可用的视频：请上传 MP4"
    en = "Not a usable video: upload an MP4"


class ColumnsMissing(Invalid):
    """A table of goods lacks a column it cannot do without, or names one twice."""

    code = "catalog.columns_missing"
    zh = "表头不对：{missing}。请用模板填写"
    en = "The heading is wrong: {missing}. Fill in the template"


class ImportGone(NotFound):
    """No such import."""

    code = "catalog.import_gone"
    zh = "没有这次导入"
    en = "No such import"


class ImportOver(Conflict):
    """The import runs already, or has run."""

    code = "catalog.import_over"
    zh = "这次导入已经开始或结束，请重新上传文件"
    en = "This import has begun or ended; upload the file again"


class ChangeGone(NotFound):
    """No such change of many products."""

    code = "catalog.change_gone"
    zh = "没有这次批量修改"
    en = "No such bulk change"


class ChangeUndone(Conflict):
    """A change can be undone once."""

    code = "catalog.change_undone"
    zh = "这次批量修改已经撤销过了"
    en = "This bulk change was undone already"


class ChangeUnfit(Invalid):
    """The change lacks what it needs."""

    code = "catalog.change_unfit"
    zh = "请填写要改成什么"
    en = "Say what it should become"


class ReviewGone(NotFound):
    """No such review."""

    code = "catalog.review_gone"
    zh = "没有这条评价"
    en = "No such review"


class ReviewedAlready(Conflict):
    """An order line is reviewed once."""

    code = "catalog.reviewed_already"
    zh = "这件商品已经评价过了"
    en = "You have reviewed this already"


class NoCodes(Conflict):
    """Only goods of the kind codes have a pool."""

    code = "catalog.no_codes"
    zh = "只有卡密商品可以导入卡密"
    en = "Only goods of the kind codes have a pool of codes"


class BadPresale(Invalid):
    """Terms of a presale that make no sense."""

    code = "catalog.bad_presale"
    zh = "{why_zh}"
    en = "The presale needs {why_en}"
