"""Golden vectors of the platform's wire format, and the properties that hold around them."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tests.wechat import vectors as v
from tiefen.wechat import crypto


def test_vector_1_url_verification() -> None:
    assert (
        crypto.push_signature("AAAAA", "1714036504", "1514711492")
        == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )


def test_vector_2_plain_push() -> None:
    assert (
        crypto.push_signature("AAAAA", "1714037059", "486452656")
        == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )


def test_vector_3_safe_mode_in() -> None:
    assert (
        crypto.push_signature("AAAAA", "1714112445", "415670741")
        == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    )
    signed = crypto.push_signature("AAAAA", "1714112445", "415670741", v.SAFE_IN)
    assert signed == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    message = crypto.decrypt_push("A" * 43, "wxba5fad812f8e6fb9", v.SAFE_IN)
    assert len(base64.b64decode(v.SAFE_IN)) == 224
    assert len(message) == 167
    fields = json.loads(message)
    assert (fields["Event"], fields["CreateTime"], fields["debug_str"]) == (
        "debug_demo",
        1714112445,
        "hello world",
    )


def test_vector_3_again_outwards() -> None:
    message = crypto.decrypt_push("A" * 43, "wxba5fad812f8e6fb9", v.SAFE_IN)
    assert (
        crypto.encrypt_push("A" * 43, "wxba5fad812f8e6fb9", message, b"a8eedb185eb2fecf")
        == v.SAFE_IN
    )


def test_vector_4_safe_mode_out() -> None:
    sealed = crypto.encrypt_push(
        "A" * 43, "wxba5fad812f8e6fb9", b'{"demo_resp":"good luck"}', b"707722b803182950"
    )
    assert sealed == v.SAFE_OUT
    assert (
        crypto.push_signature("AAAAA", "1713424427", "415670741", sealed)
        == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    )


def test_vector_5_wecom_sample() -> None:
    signed = crypto.push_signature("QDG6eK", "1409659813", "1372623149", v.WECOM_IN)
    assert signed == "477715d11cdb4164915debcba66cb864d751f3e6"
    message = crypto.decrypt_push(
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "wx5823bf96d3bd56c7", v.WECOM_IN
    ).decode()
    assert "<Content><![CDATA[hello]]></Content>" in message
    assert "<AgentID>218</AgentID>" in message


def test_vector_6_jssdk() -> None:
    given_args = (v.TICKET, "Wm3WZYTPz0wzccnW", 1414587457)
    expected = "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    assert crypto.jssdk_signature(*given_args, "http://mp.weixin.qq.com?params=value") == expected
    assert (
        crypto.jssdk_signature(*given_args, "http://mp.weixin.qq.com?params=value#top") == expected
    )


def test_vector_7a_request_layout() -> None:
    message = crypto.request_message(
        "POST", "/v3/pay/transactions/jsapi", "1554208460", v.PAY_NONCE, v.PAY_BODY.encode()
    )
    assert crypto.verify(crypto.public_key(v.SAMPLE_MERCHANT_KEY), message, v.PAY_REQUEST_SIGNATURE)


def test_vector_7b_sheet_layout() -> None:
    key = crypto.public_key(v.SAMPLE_MERCHANT_KEY)
    prepay = "wx201410272009395522657a690389285100"
    in_wechat = crypto.sheet_message(
        "wx2421b1c4370ec43b", "1554208460", v.PAY_NONCE, f"prepay_id={prepay}"
    )
    in_app = crypto.sheet_message("wx2421b1c4370ec43b", "1554208460", v.PAY_NONCE, prepay)
    assert crypto.verify(key, in_wechat, v.SHEET_SIGNATURE)
    assert crypto.verify(key, in_app, v.APP_SHEET_SIGNATURE)
    assert not crypto.verify(key, in_app, v.SHEET_SIGNATURE)


def test_vector_8_answer_in_public_key_mode() -> None:
    body = b'{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}'
    message = crypto.answer_message("1722850421", "d824f2e086d3c1df967785d13fcd22ef", body)
    assert crypto.verify(crypto.public_key(v.ANSWER_KEY), message, v.ANSWER_SIGNATURE)
    assert not crypto.verify(crypto.public_key(v.ANSWER_KEY), message + b" ", v.ANSWER_SIGNATURE)


def test_vector_9_resource() -> None:
    plain = crypto.open_resource(
        "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb",
        "uluk4a9R25RW",
        "associatedData",
        "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=",
    )
    assert plain == b"message"


def test_vector_10_whole_callback() -> None:
    message = crypto.answer_message(
        "1624523846", "EcZ9Cmy4Xyx1i6RlJQzLcCyEqDa26NBz", v.CALLBACK_BODY.encode()
    )
    assert crypto.certificate_serial(v.CALLBACK_CERTIFICATE) == "D7CE59D1F522D701"
    assert crypto.verify(crypto.public_key(v.CALLBACK_CERTIFICATE), message, v.CALLBACK_SIGNATURE)
    resource = json.loads(v.CALLBACK_BODY)["resource"]
    plain = crypto.open_resource(
        "testMchAPIv3Key0", resource["nonce"], resource["associated_data"], resource["ciphertext"]
    )
    assert json.loads(plain) == {
        "mchid": "1234567890",
        "appid": "054aa7d7a2a54ab5898df65bd96f001c",
        "create_time": "2020-06-30T12:12:00+08:00",
        "out_contract_code": "21640bdbd08e473e828f3206a2741c6e",
    }


def test_vector_11_downloaded_certificate() -> None:
    plain = crypto.open_resource(
        "f09b03a7a1902b5b4913856f1fd07ab1", "aae8c2e79c5b", "certificate", v.SEALED_CERTIFICATE
    )
    assert len(plain) == 1398
    assert crypto.certificate_serial(plain.decode()) == "19936B4DC6A6C77B05489B10962DEFF42EA065EF"


def test_vector_11_signature_by_certificate() -> None:
    assert (
        crypto.certificate_serial(v.RSA_CERTIFICATE) == "3050F72E2DCE03E7EFE49557DD231D176649AFBD"
    )
    key = crypto.public_key(v.RSA_CERTIFICATE)
    assert crypto.verify(key, b"SHA256WithRSAVerifyTest", v.RSA_SIGNATURE)
    assert not crypto.verify(key, b"SHA256WithRSAVerifyTest", "FAKE SIGN")


# ── around the vectors ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def pair() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def test_keys_of_both_pem_forms(pair: rsa.RSAPrivateKey) -> None:
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        pem = pair.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
        assert (
            crypto.private_key(pem).public_key().public_numbers()
            == pair.public_key().public_numbers()
        )
    public = (
        pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    )
    assert crypto.verify(crypto.public_key(public), b"x", crypto.sign(pair, b"x"))


@pytest.mark.parametrize(
    "pem", ["", "not a key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"]
)
def test_bad_pem_is_refused(pem: str) -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.private_key(pem)
    with pytest.raises(crypto.CryptoError):
        crypto.public_key(pem)


def test_keys_of_another_kind_are_refused() -> None:
    for key in (ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()):
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(crypto.CryptoError):
            crypto.private_key(private)
        with pytest.raises(crypto.CryptoError):
            crypto.public_key(public.decode())


@pytest.mark.parametrize(
    ("expected", "given_text"),
    [("", ""), ("", None), ("abc", ""), ("abc", None), ("abc", "abd"), ("a", "\udcff")],
)
def test_absent_or_other_signature_is_never_the_same(expected: str, given_text: str | None) -> None:
    assert not crypto.same(expected, given_text)


@pytest.mark.parametrize(
    "signature", [None, "", " ", "AAAA", "é", "WECHATPAY/SIGNTEST/abcd", "mfI1CPqv" * 40]
)
def test_absent_or_garbled_pay_signature_is_false(signature: str | None) -> None:
    assert not crypto.verify(crypto.public_key(v.ANSWER_KEY), b"x", signature)


@cases(200)
@given(message=st.binary(max_size=300), random=st.binary(min_size=16, max_size=16))
def test_push_comes_back_and_is_whole_blocks(message: bytes, random: bytes) -> None:
    key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
    sealed = crypto.encrypt_push(key, "wx0123456789abcdef", message, random)
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert crypto.decrypt_push(key, "wx0123456789abcdef", sealed) == message
    with pytest.raises(crypto.CryptoError):
        crypto.decrypt_push(key, "wx0123456789abcdee", sealed)


@cases(200)
@given(
    sealed=st.one_of(
        st.text(max_size=120), st.binary(max_size=160).map(lambda b: base64.b64encode(b).decode())
    )
)
def test_garbage_never_opens_and_never_breaks(sealed: str) -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.decrypt_push("A" * 43, "wx0123456789abcdef", sealed)


def test_previous_key_still_opens() -> None:
    new, old = "B" * 42 + "A", "C" * 42 + "A"
    sealed = crypto.encrypt_push(old, "wxapp", b"late", bytes(16))
    assert crypto.open_push([new, old], "wxapp", sealed) == (b"late", old)
    with pytest.raises(crypto.CryptoError):
        crypto.open_push([new], "wxapp", sealed)


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "!" * 43, "密" * 43, "é" + "A" * 42])
def test_bad_encoding_aes_key(key: str) -> None:
    with pytest.raises(crypto.CryptoError):
        crypto.aes_key(key)


def test_flipped_tag_is_refused() -> None:
    sealed = bytearray(base64.b64decode("ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI="))
    sealed[-1] ^= 1
    with pytest.raises(crypto.CryptoError):
        crypto.open_resource(
            "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb",
            "uluk4a9R25RW",
            "associatedData",
            base64.b64encode(bytes(sealed)).decode(),
        )
