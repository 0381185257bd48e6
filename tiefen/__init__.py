"""Tiefen: operations platform for merchants who sell through WeChat."""
