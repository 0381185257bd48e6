"""Refusals of orders."""

from tiefen.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany


class OrderMissing(NotFound):
    """No such order, or another fan's."""

    code = "orders.order_missing"
    zh = "订单不存在"
    en = "No such order"


class AddressMissing(NotFound):
    """No such address, or another fan's."""

    code = "orders.address_missing"
    zh = "收货地址不存在"
    en = "No such address"


class AfterSaleMissing(NotFound):
    """No such after-sale, or another fan's."""

    code = "orders.after_sale_missing"
    zh = "售后单不存在"
    en = "No such after-sale"


class CartItemMissing(NotFound):
    """The SKU is not in the cart."""

    code = "orders.cart_item_missing"
    zh = "购物车里没有这件商品"
    en = "This is not in the cart"


class IllegalStep(Conflict):
    """The state does not allow this any more. Details: status, action."""

    code = "orders.illegal_step"
    zh = "当前状态（{status_zh}）不能{action_zh}"
    en = "Not possible any more: it is {status}, so {action} is refused"


class LineGone(Conflict):
    """A wanted SKU is off the shelf. Details: sku_id."""

    code = "orders.line_gone"
    zh = "“{name}”已下架，请从购物车移除"
    en = "{name} is no longer on the shelf; please remove it"


class QuoteChanged(Conflict):
    """The price is another than the one the buyer saw. Details: quote, changes."""

    code = "orders.quote_changed"
    zh = "价格或运费有变化，请确认后重新提交"
    en = "The price or freight has changed; please look again before ordering"


class CartFull(Conflict):
    """A cart has its limits."""

    code = "orders.cart_full"
    zh = "购物车最多放 {most} 种商品"
    en = "A cart holds at most {most} different goods"


class TooManyAddresses(Conflict):
    """An address book has its limits."""

    code = "orders.too_many_addresses"
    zh = "最多保存 {most} 个收货地址"
    en = "At most {most} addresses are kept"


class DuplicateLine(Invalid):
    """The same SKU (or order line) is named twice."""

    code = "orders.duplicate_line"
    zh = "同一商品请合并数量"
    en = "The same item is named twice; add the quantities up"


class UnknownRegion(Invalid):
    """No such region, or one with more levels below it."""

    code = "orders.unknown_region"
    zh = "请选择完整的省、市、区"
    en = "Choose the region down to its district"


class TooMuchShipped(Conflict):
    """More pieces than are left to send. Details: left."""

    code = "orders.too_much_shipped"
    zh = "“{name}”只剩 {left} 件可发（其余已发货、已退款或在售后中）"
    en = "{name}: only {left} left to send (the rest is shipped, refunded or in after-sale)"


class TooMuchRefunded(Conflict):
    """More pieces than are left to refund. Details: left."""

    code = "orders.too_much_refunded"
    zh = "“{name}”只剩 {left} 件可退"
    en = "{name}: only {left} left to refund"


class TooMuchMoney(Conflict):
    """More money than the pieces bring. Details: most_fen."""

    code = "orders.too_much_money"
    zh = "“{name}”最多可退 {most}"
    en = "{name} brings back {most} at most"


class TooMuchInAll(TooMuchMoney):
    """The same of all that is asked about, and not of one of its lines."""

    code = "orders.too_much_in_all"
    zh = "一共最多可退 {most}"
    en = "All of it brings back {most} at most"


class NoAmountHere(Invalid):
    """An exchange or resend brings no money; pieces without money, or money without pieces, is needed."""

    code = "orders.no_amount_here"
    zh = "请填写件数；换货和补发不填金额"
    en = "Give the pieces; an exchange or resend takes no amount"


class BadReplacement(Conflict):
    """Only a variant of the same product that costs no more is sent instead."""

    code = "orders.bad_replacement"
    zh = "只能换同一商品中在售、价格不更高的规格"
    en = "Only a variant on sale of the same product that costs no more can be sent instead"


class BadInspection(Invalid):
    """Sellable, damaged and lost pieces do not add up to what was to come back."""

    code = "orders.bad_inspection"
    zh = "可售、破损、缺少的件数之和应为 {expected}"
    en = "Sellable, damaged and missing pieces must add up to {expected}"


class SecondNeeded(Conflict):
    """Above its limit, compensation needs another member of staff."""

    code = "orders.second_needed"
    zh = "超过 {limit} 的补偿需要另一位同事批准"
    en = "Compensation above {limit} needs another member of staff"


class TooManyMessages(Conflict):
    """The log of an after-sale has its limits."""

    code = "orders.too_many_messages"
    zh = "留言太多了，请直接联系客服"
    en = "Too many messages; please talk to customer service"


class AlreadyReversed(Conflict):
    """A consequence of this after-sale took effect before: nothing happens twice."""

    code = "orders.already_reversed"
    zh = "这笔售后已处理过"
    en = "This after-sale has been carried out already"


class NothingLeft(Conflict):
    """Nothing of the order can be refunded."""

    code = "orders.nothing_left"
    zh = "没有可退的商品了"
    en = "Nothing is left to refund"


class TooLate(Conflict):
    """The after-sale window has closed."""

    code = "orders.after_sale_closed"
    zh = "已超过售后期（收货后 {days} 天）"
    en = "The after-sale window ({days} days after receipt) has passed"


class FreightTaken(Conflict):
    """The freight went back with another after-sale."""

    code = "orders.freight_taken"
    zh = "运费已退过"
    en = "The freight was already refunded"


class PriceNotLower(Invalid):
    """The merchant may lower the price of an unpaid order, never below its freight, and undo it."""

    code = "orders.price_not_lower"
    zh = "改价后的金额应在 {least} 和 {most} 之间"
    en = "The new price must lie between {least} and {most}"


class PriceChangedMeanwhile(Conflict):
    """Somebody else changed the price since this page was opened."""

    code = "orders.price_changed_meanwhile"
    zh = "价格刚被改为 {now}，请确认后再改"
    en = "The price has just become {now}; look again before changing it"


class PriceLosesMoney(Conflict):
    """The new price is below what the order costs; say so once more to do it. Details: margin_fen."""

    code = "orders.price_loses_money"
    zh = "改价后这一单毛利为 {margin}，确认亏本请勾选后再提交"
    en = "At this price the order brings {margin}; confirm the loss to go on"


class AlreadyPaid(Conflict):
    """The fan wanted to cancel, the money was faster."""

    code = "orders.already_paid"
    zh = "订单已付款，如不需要请申请退款"
    en = "The order has been paid; ask for a refund instead"


class NothingToPay(Conflict):
    """The order costs nothing or is already paid."""

    code = "orders.nothing_to_pay"
    zh = "这个订单不需要付款"
    en = "There is nothing to pay"


class PayExpired(Conflict):
    """The deadline for paying has passed."""

    code = "orders.pay_expired"
    zh = "付款时间已过，订单将关闭"
    en = "The time to pay has passed; the order is being closed"


class DuplicateParcel(Conflict):
    """This tracking number was entered before for the order."""

    code = "orders.duplicate_parcel"
    zh = "运单号 {tracking_no} 已录入"
    en = "Tracking number {tracking_no} was already entered"


class KeyMissing(Invalid):
    """An order needs an idempotency key, so that a double tap is one order."""

    code = "orders.key_missing"
    zh = "缺少 Idempotency-Key 请求头"
    en = "The header Idempotency-Key is missing"


class CheckoutKeyReused(Invalid):
    """The key already placed another order."""

    code = "idempotency.key_reused"
    zh = "这个 Idempotency-Key 已用于另一个订单"
    en = "This Idempotency-Key already placed a different order"


class OrderLosesMoney(Conflict):
    """The merchant lets no order be placed that costs more than it brings."""

    code = "orders.loses_money"
    zh = "这些优惠叠加后暂时无法下单，请联系客服"
    en = "With these offers together the order cannot be placed; please ask customer service"


class NoDelivery(Conflict):
    """A line is not sent to where the order goes. Details: sku_id."""

    code = "orders.no_delivery"
    zh = "“{name}”不配送到这个地址所在的地区，请换一个地址或去掉它"
    en = "{name} is not sent to the region of this address; pick another address or take it out"


class MembersOnly(Forbidden):
    """A product only for fans of other stages or segments."""

    code = "orders.members_only"
    zh = "“{name}”仅限会员购买"
    en = "{name} is for members only"


class NothingToServe(Conflict):
    """The order holds no service that is paid and not given yet."""

    code = "orders.nothing_to_serve"
    zh = "这个订单没有待核销的服务"
    en = "This order holds no service to tick off"


class NotReceived(Conflict):
    """Only who received the goods reviews them."""

    code = "orders.not_received"
    zh = "确认收货后才能评价"
    en = "You can review this once you have received it"


class BadTracking(Invalid):
    """A number of another courier."""

    code = "orders.bad_tracking"
    zh = "{tracking_no} 像是{owner}的运单号，不是{courier}，请核对"
    en = "{tracking_no} looks like a number of {owner}, not of {courier}; please check"


class ParcelMissing(NotFound):
    """No such parcel of this order."""

    code = "orders.parcel_missing"
    zh = "没有这个包裹"
    en = "No such parcel"


class UrgedAlready(TooMany):
    """One request a day to have an order sent."""

    code = "orders.urged_already"
    zh = "今天已提醒过商家，请耐心等候"
    en = "The shop was asked today already; please wait a little"


class BadTable(Invalid):
    """The file misses a column."""

    code = "orders.bad_table"
    zh = "第一行要有这些列：订单号、快递公司、运单号；最多 {most} 行"
    en = "The first line must name: 订单号, 快递公司, 运单号; at most {most} lines"


class FieldMissing(NotFound):
    """No such question."""

    code = "orders.field_missing"
    zh = "没有这个下单问题"
    en = "No such question"


class ProductUnknown(Invalid):
    """A question is asked for a product that does not exist."""

    code = "orders.product_unknown"
    zh = "没有这个商品"
    en = "No such product"


class TooManyFields(Conflict):
    """More questions than anybody answers."""

    code = "orders.too_many_fields"
    zh = "最多 {most} 个下单问题"
    en = "At most {most} questions"


class AnswerMissing(Invalid):
    """A required question was not answered; the field names it as `answers.<id>`."""

    code = "orders.answer_missing"
    zh = "请填写“{label}”"
    en = "Please answer: {label}"


class AnswerWrong(Invalid):
    """An answer is not of its kind; the field names it as `answers.<id>`."""

    code = "orders.answer_wrong"
    zh = "“{label}”填写不正确，请核对"
    en = "{label} is not right; please check it"


class NotYetPaid(Conflict):
    """An invoice is for what is paid in full and not given back."""

    code = "orders.nothing_to_invoice"
    zh = "订单还没有付清，或已经关闭、款项已全部退回，不能开票"
    en = "This order is not paid in full, or it was closed or all paid back: nothing to invoice"


class InvoiceTooLate(Conflict):
    """The time for asking is over."""

    code = "orders.invoice_too_late"
    zh = "收货超过 {days} 天，不能再申请发票，请联系商家"
    en = "Invoices can be asked for up to {days} days after receipt; please contact the shop"


class InvoiceIssued(Conflict):
    """The invoice has been written, or its step was taken already."""

    code = "orders.invoice_issued"
    zh = "发票状态已变化，请刷新后再看"
    en = "The invoice has moved on; please look again"


class InvoiceMissing(NotFound):
    """No such invoice, or no file of it."""

    code = "orders.invoice_missing"
    zh = "没有这张发票"
    en = "No such invoice"


class NotAnInvoice(Invalid):
    """The file is no PDF, or too large."""

    code = "orders.not_an_invoice"
    zh = "请上传 5 MB 以内的 PDF"
    en = "Upload a PDF of at most 5 MB"


class ExtendedBefore(Conflict):
    """The receipt of an order is put off once."""

    code = "orders.extended_before"
    zh = "这个订单不能再延长收货：只能在发货后延长一次"
    en = "Receipt can be put off once, while the goods are on their way"


class PresaleAlone(Conflict):
    """Goods in presale stand beside others."""

    code = "orders.presale_alone"
    zh = "“{name}”是预售商品，请单独下单"
    en = "“{name}” is in presale: please order it alone"


class BalanceNotYet(Conflict):
    """The window of the balance has not begun."""

    code = "orders.balance_not_yet"
    zh = "尾款从 {at} 开始支付"
    en = "The balance can be paid from {at}"


class DepositKept(Conflict):
    """The fan agreed that the deposit is not given back."""

    code = "orders.deposit_kept"
    zh = "定金付款后不支持取消，如有问题请联系商家"
    en = "A paid deposit cannot be cancelled; please ask the shop"


class NoDeposit(Conflict):
    """There is no deposit that waits for its balance."""

    code = "orders.no_deposit"
    zh = "这个订单没有待付尾款的定金"
    en = "This order has no deposit that waits for its balance"


class PresalePrice(Conflict):
    """The price of an order in presale was agreed with its deposit."""

    code = "orders.presale_price"
    zh = "预售订单的价格在付定金时已约定，不能改价"
    en = "The price of an order in presale was agreed with its deposit"


class TicketMissing(NotFound):
    """No service has this code."""

    code = "orders.ticket_missing"
    zh = "没有这个核销码，请核对后重试"
    en = "No service has this code"


class TicketUsedUp(Conflict):
    """All uses are gone, or were refunded."""

    code = "orders.ticket_used_up"
    zh = "剩余 {left} 次，不够核销"
    en = "Only {left} use(s) are left"


class TicketExpired(Conflict):
    """It could be used until an earlier day."""

    code = "orders.ticket_expired"
    zh = "已于 {at} 过期"
    en = "It expired on {at}"


class UndoTooLate(Conflict):
    """A use can be taken back for a short while only."""

    code = "orders.undo_too_late"
    zh = "核销超过 {minutes} 分钟，不能撤销"
    en = "A use can be taken back within {minutes} minutes only"
