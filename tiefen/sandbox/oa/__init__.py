"""The 公众号 and 小程序 server interface, one chapter a module."""
