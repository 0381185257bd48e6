"""Tiefen: operations platform for merchants who sell through WeChat."""

__version__ = "0.1.0"
