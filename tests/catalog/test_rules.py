"""Goods: grids, shelves, safe detail, search keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tiefen.catalog import rules
from tiefen.catalog.errors import BadSpecs
from tiefen.catalog.rules import Spec
from tiefen.catalog.values import ProductKind, ProductStatus
from tiefen.kernel.text import folded, grams, query_grams, words

COLOUR, SIZE = Spec("颜色", ("红", "蓝")), Spec("尺码", ("S", "M", "L"))


def test_a_full_and_a_partial_grid_fit() -> None:
    rules.check_grid([], [()])
    rules.check_grid([COLOUR, SIZE], [(c, s) for c in COLOUR.values for s in SIZE.values])
    rules.check_grid([COLOUR, SIZE], [("红", "M")])


@pytest.mark.parametrize(
    ("specs", "rows", "field"),
    [
        ([COLOUR], [("绿",)], "skus.0.values"),
        ([COLOUR], [("红",), ("红",)], "skus.1.values"),
        ([COLOUR], [("红", "S")], "skus.0.values"),
        ([COLOUR], [], "skus"),
        ([], [(), ()], "skus.1.values"),
        ([COLOUR, COLOUR], [("红", "红")], "specs"),
        ([Spec("颜色", ("红", "红"))], [("红",)], "specs.0.values"),
        ([Spec("颜色", ())], [("红",)], "specs.0.values"),
        ([COLOUR, SIZE, Spec("a", ("1",)), Spec("b", ("1",))], [("红", "S", "1", "1")], "specs"),
    ],
)
def test_a_grid_that_does_not_fit_names_its_fault(
    specs: list[Spec], rows: list[tuple[str, ...]], field: str
) -> None:
    with pytest.raises(BadSpecs) as refused:
        rules.check_grid(specs, rows)
    assert refused.value.field == field
    assert refused.value.message("zh")
    assert refused.value.message("en")


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<svg onload=alert(1)>",
        '<iframe src="https://evil.example"></iframe>',
        '<p style="background:url(javascript:alert(1))">x</p>',
        '<div style="position:fixed;top:0">cover</div>',
        "<form action=/api><input name=a></form>",
        '<math><mi xlink:href="data:x,<script>alert(1)</script>">',
        "<style>body{display:none}</style>",
    ],
)
def test_rich_detail_loses_what_can_act(evil: str) -> None:
    clean = rules.clean_html(f"<p>好</p>{evil}").lower()
    assert "<p>好</p>" in clean
    for token in (
        "<script",
        "onerror",
        "javascript:",
        "<svg",
        "<iframe",
        "<form",
        "fixed",
        "<style",
    ):
        assert token not in clean


def test_rich_detail_keeps_what_explains() -> None:
    kept = '<h2>标题</h2><p style="color:red">红<strong>字</strong></p><img src="/files/a.webp">'
    clean = rules.clean_html(kept)
    for part in ("<h2>标题</h2>", "color:red", "<strong>字</strong>", 'src="/files/a.webp"'):
        assert part in clean


def test_a_draft_needs_name_picture_and_sku_to_be_sold() -> None:
    assert [en for _, en in rules.missing_for_shelf("", [], [])] == [
        "a name",
        "a picture",
        "at least one SKU for sale",
    ]
    assert rules.missing_for_shelf("茶", ["a"], [100]) == []


def test_every_status_answers_both_wishes() -> None:
    assert set(rules.SHELF) == {(s, on) for s in ProductStatus for on in (True, False)}
    assert rules.SHELF[ProductStatus.DRAFT, False] is ProductStatus.DRAFT


def test_categories_do_not_nest_in_themselves_or_too_deep() -> None:
    parents = {1: None, 2: 1, 3: 2}
    assert rules.level(parents, None, None) == 1
    assert rules.level(parents, 3, None) == 4
    assert rules.level(parents, 3, 1) == 99
    assert rules.height(parents, 1) == 3


@given(st.text(max_size=30), st.text(max_size=5))
@cases(500)
def test_whatever_contains_a_word_has_its_keys(text: str, inside: str) -> None:
    for word in words(inside):
        hay = text + word + text
        if word in folded(hay):
            assert set(query_grams(word)) <= set(grams(hay))


def test_chinese_words_are_found_by_two_characters() -> None:
    assert "酸奶" in grams("手工酸奶")
    assert query_grams("酸奶") == ["酸奶"]
    assert query_grams("奶") == ["奶"]
    assert query_grams("ＡＢ") == query_grams("ab") == ["ab"]


def test_a_buyer_reads_how_it_is_delivered() -> None:
    assert rules.delivery(ProductKind.GOODS, 1, None) == ("", "")
    zh, en = rules.delivery(ProductKind.SERVICE, 3, 180)
    assert zh == "付款后给券码，到店出示，每件可用 3 次，180 天内有效"
    assert en.endswith("good for 3 uses each, for 180 days")
    assert all(all(rules.delivery(kind, 1, None)) for kind in ProductKind if kind != "goods")
