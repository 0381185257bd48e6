"""Reading pushes safely, naming them once, writing replies."""

from datetime import UTC, datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tiefen.wechat import rules
from tiefen.wechat.values import Article, ImageReply, NewsReply, TextReply, TransferReply

APP = "wx0123456789abcdef"
AT = datetime(2026, 6, 18, 10, 0, tzinfo=UTC)


def push(**fields: object) -> bytes:
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>".encode()


def base(**more: object) -> dict[str, object]:
    return {"ToUserName": "gh_1", "FromUserName": "oFan", "CreateTime": 1781776800, **more}


def test_text_message() -> None:
    fields = rules.read_body(
        push(**base(MsgType="text", Content="在吗 🙂", MsgId=23456789012345678))
    )
    inbound = rules.read_push(APP, fields)
    assert (inbound.openid, inbound.kind, inbound.content, inbound.msg_id) == (
        "oFan",
        "text",
        "在吗 🙂",
        23456789012345678,
    )
    assert inbound.at == AT
    assert rules.vendor_key(inbound, fields) == f"push:{APP}:msg:23456789012345678"


def test_follow_through_a_code_loses_the_prefix() -> None:
    fields = rules.read_body(
        push(**base(MsgType="event", Event="subscribe", EventKey="qrscene_emp-7", Ticket="T"))
    )
    inbound = rules.read_push(APP, fields)
    assert (inbound.event, inbound.key) == ("subscribe", "emp-7")


def test_two_menu_taps_in_one_second_are_two() -> None:
    names = set()
    for key in ("a", "b"):
        fields = rules.read_body(push(**base(MsgType="event", Event="CLICK", EventKey=key)))
        names.add(rules.vendor_key(rules.read_push(APP, fields), fields))
    assert len(names) == 2


def test_json_push_of_a_mini_program() -> None:
    body = b'{"ToUserName":"gh_1","FromUserName":"oFan","CreateTime":1781776800,"MsgType":"text","Content":"hi","MsgId":7}'
    assert rules.read_push(APP, rules.read_body(body)).msg_id == 7


def test_repeated_elements_become_a_list() -> None:
    body = b"<xml><List><T>1</T></List><List><T>2</T></List></xml>"
    assert rules.read_body(body) == {"List": [{"T": "1"}, {"T": "2"}]}


XXE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE foo [<!ENTITY xxe SYSTEM "http://127.0.0.1:9/x">]>\n'
    b"<foo><value>&xxe;</value></foo>"
)
BOMB = (
    b'<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><xml>&c;</xml>'
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"plain words",
        XXE,
        BOMB,
        b"<!doctype xml><xml/>",
        "<!DOCTYPE xml><xml/>".encode("utf-16"),
        "<!DOCTYPE xml [<!ENTITY a 'b'>]><xml>&a;</xml>".encode("utf-7"),
        b'<?xml version="1.0" encoding="utf-16"?><xml><a>1</a></xml>',
        b"<xml>&unknown;</xml>",
        b"<xml><a></xml>",
        b"<xml><a>\xff\xfe</a></xml>",
        b"<xml>\x00</xml>",
        b'<?xml version="1.0" standalone="yes"?>\n<movies><movie><titles>PHP</titles></movie></movies>',
        b"<xml>" + b"<a>" * 40 + b"</a>" * 40 + b"</xml>",
        b"<xml>" + b"<a/>" * 700 + b"</xml>",
        b"[1,2]",
        b'{"a":',
        b'{"a":' * 20000,
        b"<xml><a>" + b"x" * rules.BODY_CAP + b"</a></xml>",
    ],
    ids=range(20),
)
def test_what_is_not_a_push_is_refused(body: bytes) -> None:
    with pytest.raises(rules.UnreadableBody):
        rules.read_body(body)


@pytest.mark.parametrize("missing", ["FromUserName", "MsgType", "CreateTime"])
def test_a_push_without_its_core_is_refused(missing: str) -> None:
    fields = base(MsgType="text", Content="x", MsgId=1)
    del fields[missing]
    with pytest.raises(rules.UnreadableBody):
        rules.read_push(APP, rules.read_body(push(**fields)))


@pytest.mark.parametrize("moment", ["-1", "1e9", "１２", "99999999999999999999", "", "abc"])
def test_odd_times_are_refused(moment: str) -> None:
    with pytest.raises(rules.UnreadableBody):
        rules.read_push(APP, {**base(MsgType="text"), "CreateTime": moment})


@cases(300)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    try:
        rules.read_push(APP, rules.read_body(body))
    except rules.UnreadableBody:
        return


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            b"<xml><ToUserName><![CDATA[gh]]></ToUserName><Encrypt><![CDATA[ab+/=]]></Encrypt></xml>",
            "ab+/=",
        ),
        (b"<xml>\n <Encrypt>abcd</Encrypt>\n</xml>", "abcd"),
        (b'{"ToUserName":"gh","Encrypt":"ab\\/+="}', "ab/+="),
        (b"<xml><Encrypt></Encrypt></xml>", None),
        (b"<xml><Content>Encrypt</Content></xml>", None),
    ],
)
def test_the_ciphertext_is_found_without_parsing(body: bytes, found: str | None) -> None:
    assert rules.find_encrypted(body) == found


def test_replies_are_well_formed_whatever_they_say() -> None:
    nasty = "a]]>b<c>&\x00\x0b\ud800 尾"
    for reply in (
        TextReply(nasty),
        ImageReply(nasty),
        NewsReply(Article(nasty, nasty, nasty, nasty)),
        TransferReply(),
    ):
        root = fromstring(rules.render_reply(reply, "oFan", "gh_1", AT).encode())
        assert root.findtext("ToUserName") == "oFan"
        assert root.findtext("FromUserName") == "gh_1"
        assert root.findtext("CreateTime") == "1781776800"
    text = fromstring(rules.render_reply(TextReply(nasty), "oFan", "gh_1", AT).encode()).findtext(
        "Content"
    )
    assert text == "a]]>b<c>& 尾"


@cases(200)
@given(st.text(max_size=2000))
def test_long_text_is_cut_between_characters(text: str) -> None:
    cut = rules.clip_bytes(text, 100)
    assert len(cut.encode("utf-8", "replace")) <= 100
    assert text.startswith(cut)


@pytest.mark.parametrize(
    ("scene", "seconds"), [("", None), ("x" * 65, None), ("ok", 0), ("ok", 2_592_001), ("ok", -1)]
)
def test_bad_codes_are_refused(scene: str, seconds: int | None) -> None:
    with pytest.raises(ValueError, match=r"scene|code"):
        rules.qr_request(scene, seconds)


def test_codes_for_a_while_and_for_ever() -> None:
    assert rules.qr_request("emp-7", None)["action_name"] == "QR_LIMIT_STR_SCENE"
    assert rules.qr_request("emp-7", 600)["expire_seconds"] == 600


@pytest.mark.parametrize(
    ("scene", "page", "version"),
    [
        ("", "", "release"),
        ("x" * 33, "", "release"),
        ("a%20b", "", "release"),
        ("小林", "", "release"),
        ("c.1", "/pages/home/index", "release"),
        ("c.1", "pages/home/index?a=1", "release"),
        ("c.1", "", "beta"),
    ],
)
def test_bad_mini_program_codes_are_refused(scene: str, page: str, version: str) -> None:
    with pytest.raises(ValueError, match=r"scene|page|version"):
        rules.mini_code_request(scene, page, env_version=version)


def test_a_mini_program_code_asks_for_what_the_platform_knows() -> None:
    assert rules.mini_code_request("c.aB-_9", "pages/home/index") == {
        "scene": "c.aB-_9",
        "page": "pages/home/index",
        "check_path": True,
        "env_version": "release",
        "width": 1280,
    }
    early = rules.mini_code_request("c.1", "", check_path=False, env_version="trial")
    assert "page" not in early
    assert (early["check_path"], early["env_version"]) == (False, "trial")


@pytest.mark.parametrize("number", ["", "12345", "x" * 33, "有效吗不有", "abc 123", "abc\n123456"])
def test_order_numbers_outside_the_alphabet(number: str) -> None:
    with pytest.raises(ValueError, match="out_trade_no"):
        rules.check_out_trade_no(number)


def test_skew_is_five_minutes_either_way() -> None:
    for delta, inside in ((300, True), (-300, True), (301, False), (-301, False), (360, False)):
        assert (
            rules.within_skew(str(int((AT + timedelta(seconds=delta)).timestamp())), AT) is inside
        )
    for odd in ("", "-1", "1e9", "１７", " 1", "9" * 20):
        assert not rules.within_skew(odd, AT)


def test_only_the_two_money_notices_are_acted_on() -> None:
    assert rules.notice_kind("TRANSACTION.SUCCESS", "transaction") == "transaction"
    assert rules.notice_kind("TRANSACTION.SUCCESS", "profitsharing") is None
    assert rules.notice_kind("REFUND.ABNORMAL", "refund") == "refund"
    assert rules.notice_kind("MCHTRANSFER.BILL.FINISHED", "mch_payment") is None


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_place_is_rounded_the_same_in_xml_and_json(latitude: float, longitude: float) -> None:
    told = {"MsgType": "event", "Event": "LOCATION"}
    written = base(**told, Latitude=f"{latitude:.6f}", Longitude=f"{longitude:.6f}")
    number = base(**told, Latitude=latitude, Longitude=longitude)
    inbound = rules.read_push(APP, written)
    found = rules.place(inbound, written)
    assert found == rules.place(inbound, number) == rules.place(inbound, rules.blurred(number))
    if found is None:  # where phones are that do not know
        assert abs(latitude) < 0.001
        assert abs(longitude) < 0.001
        return
    milli = [int(one) for one in found.split(",")]
    assert milli == pytest.approx([latitude * 1000, longitude * 1000], abs=0.501)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "91",
        "-90.001",
        "NaN",
        "inf",
        "1e1",
        "31.2 ",
        "３１",
        "0x1f",
        float("nan"),
        True,
        [],
        None,
    ],
)
def test_what_is_not_on_earth_is_no_place(wrong: object) -> None:
    fields = base(MsgType="location", MsgId="1", Location_X=wrong, Location_Y="121.4")
    inbound = rules.read_push(APP, fields)
    assert rules.place(inbound, fields) is None
    assert rules.blurred(fields)["Location_X"] == ""
