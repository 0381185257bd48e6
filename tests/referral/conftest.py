"""The same stand-in for WeChat Pay as promotion's tests use."""

from tests.promotion.conftest import wechat

__all__ = ["wechat"]
