"""WeChat's flat XML: written with CDATA, read with a parser that refuses DTDs and entities."""

from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

Value: TypeAlias = "str | int | float | dict[str, Value] | list[Value]"


class BadXml(Exception):
    """Not XML, or XML one must not read."""


def _cdata(text: str) -> str:
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"


def _write(name: str, value: Value) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_write(k, v) for k, v in value.items())}</{name}>"
    if isinstance(value, list):
        return f"<{name}>{''.join(_write('item', v) for v in value)}</{name}>"
    if isinstance(value, str):
        return f"<{name}>{_cdata(value)}</{name}>"
    return f"<{name}>{value}</{name}>"


def dump(fields: dict[str, Value]) -> str:
    return _write("xml", dict(fields))


def _read(node: Element) -> Value:
    children = list(node)
    if not children:
        return node.text or ""
    if all(child.tag == "item" for child in children):
        return [_read(child) for child in children]
    return {child.tag: _read(child) for child in children}


def load(body: bytes) -> dict[str, Value]:
    """The fields inside <xml>. Raises BadXml."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BadXml(str(error)) from error
    value = _read(root)
    if root.tag != "xml" or not isinstance(value, dict):
        raise BadXml("no <xml> element with fields")
    return value
