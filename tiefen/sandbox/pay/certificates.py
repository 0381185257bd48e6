"""The platform certificates of certificate mode."""

from typing import Any

from tiefen.sandbox import keys
from tiefen.sandbox.clock import rfc3339
from tiefen.sandbox.errors import PayError

from . import sign
from .gateway import Answer, PayApi, PayCall


async def certificates(call: PayCall) -> Answer:
    merchant = call.merchant
    if merchant.key_mode == "public_key":
        # A merchant that only ever had the public-key mode has no platform certificate to fetch.
        raise PayError(
            404,
            "RESOURCE_NOT_EXISTS",
            "无可用的平台证书，请在商户平台申请使用微信支付公钥",
            268512771,
        )
    listed = [(merchant.platform_serial, merchant.platform_certificate), *merchant.former]
    data: list[dict[str, Any]] = []
    for serial, pem in listed:
        begins, ends = keys.validity(pem)
        data.append(
            {
                "serial_no": serial,
                "effective_time": rfc3339(begins),
                "expire_time": rfc3339(ends),
                "encrypt_certificate": sign.seal(call.box, merchant, pem.encode(), "certificate"),
            }
        )
    return 200, {"data": data}


APIS = [PayApi("GET", "/v3/certificates", certificates)]
