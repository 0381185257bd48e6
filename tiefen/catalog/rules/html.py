"""Rich text from outside, made harmless."""

import nh3

_TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "figcaption", "figure", "h1", "h2", "h3",
    "h4", "h5", "h6", "hr", "i", "img", "li", "ol", "p", "pre", "s", "small", "span", "strong",
    "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_STYLES = {
    "color",
    "background-color",
    "text-align",
    "font-size",
    "font-weight",
    "font-style",
}


def clean_html(html: str) -> str:
    """Rich detail that is safe to show to anybody: no script, frame, form, handler or odd address.

    Sanitised when written, so that a reader can never be reached by what an editor pasted.
    """
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes={**_ATTRIBUTES, "*": {"style"}},
        filter_style_properties=_STYLES,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )
