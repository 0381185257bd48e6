"""Refusals about what travels, and what does not."""

from tiefen.kernel.errors import Conflict, Invalid


class AddressNeeded(Invalid):
    """Something of the order is sent in a parcel, and nobody said where to."""

    code = "orders.address_needed"
    zh = "请选择收货地址"
    en = "Choose the address it goes to"


class NothingTravels(Conflict):
    """Nothing of the order is sent in a parcel: services are ticked off, texts and codes are given."""

    code = "orders.nothing_travels"
    zh = "这个订单没有需要寄送的商品"
    en = "Nothing of this order is sent in a parcel"
