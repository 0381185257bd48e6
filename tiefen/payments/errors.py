"""What payments refuse, and why."""

from tiefen.kernel.errors import Away, Conflict, Forbidden, Invalid, NotFound, TooMany


class PaymentNotFound(NotFound):
    """The order has no payment."""

    code = "payments.not_found"
    zh = "没有找到这笔支付"
    en = "There is no such payment"


class IntentChanged(Conflict):
    """An order's payment was started before with other content."""

    code = "payments.intent_changed"
    zh = "订单 {order_no} 已有另一笔不同金额的支付"
    en = "Order {order_no} already has a payment of another amount"


class AlreadyPaid(Conflict):
    """The order is paid: show it, do not pay again."""

    code = "payments.already_paid"
    zh = "订单已支付"
    en = "The order is already paid"


class PaymentClosed(Conflict):
    """The payment was closed or its time is over."""

    code = "payments.closed"
    zh = "支付已关闭，请重新下单"
    en = "The payment is closed; please order again"


class PayerMissing(Invalid):
    """Payment inside WeChat needs the payer's openid."""

    code = "payments.payer_missing"
    zh = "缺少付款人的微信身份"
    en = "The payer's WeChat identity is missing"


class ProviderUnknown(Away):
    """WeChat did not answer: it may have happened. Trying again uses the same number."""

    code = "payments.provider_unknown"
    zh = "微信支付没有及时回应，请稍后再试，不会重复扣款"
    en = "WeChat Pay did not answer in time; try again, you will not be charged twice"


class ProviderBusy(Away):
    """WeChat takes no more calls for a moment: nothing happened. Trying again uses the same number."""

    code = "payments.provider_busy"
    zh = "微信支付正忙，请稍后再试"
    en = "WeChat Pay is busy; try again in a moment"


class ProviderRefused(Conflict):
    """WeChat refused the call; `reason` is its code."""

    code = "payments.provider_refused"
    zh = "微信支付拒绝了请求：{reason}"
    en = "WeChat Pay refused the request: {reason}"


class CloseLater(TooMany):
    """A payment this young may not be closed yet; `retry_after` seconds."""

    code = "payments.close_later"
    zh = "支付刚刚发起，请 {retry_after} 秒后再关闭"
    en = "The payment has only just begun; close it in {retry_after} seconds"


class NothingPaid(Conflict):
    """There is no money to give back."""

    code = "payments.nothing_paid"
    zh = "这笔支付没有收到款项，无法退款"
    en = "Nothing was paid, so nothing can be refunded"


class RefundTooMuch(Conflict):
    """Refunded plus refunding would exceed what was paid; `left_fen` is what remains."""

    code = "payments.refund_too_much"
    zh = "退款超过可退金额"
    en = "The refund exceeds what is left of the payment"


class RefundLimit(Conflict):
    """WeChat takes at most 50 refunds of one payment, within a year."""

    code = "payments.refund_limit"
    zh = "这笔支付已不能再退款：{reason}"
    en = "This payment can not be refunded any more: {reason}"


class ReferenceReused(Conflict):
    """The reference already names another refund."""

    code = "payments.reference_reused"
    zh = "退款编号 {reference} 已用于另一笔退款"
    en = "The reference {reference} already names another refund"


class SuspenseNotFound(NotFound):
    """No such money in suspense."""

    code = "payments.suspense_not_found"
    zh = "没有找到这笔待查款项"
    en = "There is no such money in suspense"


class SuspenseDecided(Conflict):
    """Somebody, or the rule, has decided already; `state` is what it is now."""

    code = "payments.suspense_decided"
    zh = "这笔待查款项已经处理"
    en = "This money in suspense has been dealt with"


class BreakNotFound(NotFound):
    """No such difference."""

    code = "payments.break_not_found"
    zh = "没有找到这条差异"
    en = "There is no such difference"


class BreakClosed(Conflict):
    """Somebody, or a later bill, has closed it already."""

    code = "payments.break_closed"
    zh = "这条差异已经关闭"
    en = "This difference is closed already"


class BreakStands(Conflict):
    """Our money and WeChat's still differ: words do not make it right."""

    code = "payments.break_stands"
    zh = "账实仍不相符，不能只凭说明关闭：请先核实并更正，相符后会自动关闭；您可以先接手跟进"
    en = (
        "The books still differ, so a note cannot close it: find out and correct it, then it closes"
        " by itself; meanwhile you can take it over"
    )


class BadBill(Conflict):
    """A bill that cannot be read exactly; nothing of it was used."""

    code = "payments.bad_bill"
    zh = "账单无法读取：{reason}"
    en = "The bill cannot be read: {reason}"


class BillNotReady(Conflict):
    """WeChat has not closed its account of that day yet."""

    code = "payments.bill_not_ready"
    zh = "微信还没有出 {day} 的账单, 请在次日 10 点以后再取"
    en = "WeChat has no bill of {day} yet; try after 10:00 on the next day"


class BillGone(Conflict):
    """WeChat keeps its bills for three months."""

    code = "payments.bill_gone"
    zh = "微信只保留三个月内的账单，{day} 的取不到了"
    en = "WeChat keeps bills for three months; that of {day} is gone"


class MoveNotFound(NotFound):
    """No such move."""

    code = "payments.move_not_found"
    zh = "没有找到这笔资金调整"
    en = "There is no such move"


class MoveDecided(Conflict):
    """Somebody has decided it already; `state` is what it is now."""

    code = "payments.move_decided"
    zh = "这笔资金调整已经处理"
    en = "This move has been decided"


class SecondPersonNeeded(Forbidden):
    """Who asked for a move may not approve or refuse it."""

    code = "payments.second_person_needed"
    zh = "申请人不能复核自己的申请，请由另一位同事处理"
    en = "Who asked for it can not decide it: a colleague must"


class NotTheAsker(Forbidden):
    """Only who asked for a move may take it back."""

    code = "payments.not_the_asker"
    zh = "只有申请人可以撤回"
    en = "Only who asked for it can take it back"


class MoveWaiting(Conflict):
    """The same money already waits for a second person."""

    code = "payments.move_waiting"
    zh = "这笔款项已有一条待复核的申请"
    en = "A move of this money already waits for a second person"


class BadMove(Invalid):
    """The kind, the accounts and the amount do not make a move that may be done by hand."""

    code = "payments.bad_move"
    zh = "这样的资金调整不能手工进行：请检查账户与金额"
    en = "Such a move can not be made by hand: check the accounts and the amount"


class OwnerUnknown(Invalid):
    """The colleague does not exist or has left."""

    code = "payments.owner_unknown"
    zh = "没有这位同事，或账号已停用"
    en = "There is no such colleague, or the account is switched off"
