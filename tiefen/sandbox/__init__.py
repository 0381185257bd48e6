"""The WeChat sandbox: a local stand-in for 公众号, 小程序 and 微信支付 v3.

Owns: its own process, keys, clock, sqlite file and truth of what was charged.
Promises: WeChat's wire format as a real client meets it; charges and refunds are on disk before they are answered.
Publishes: pushes and notices by HTTP only. Hears: nothing.
Imports nothing from the rest of Tiefen, and nothing of Tiefen but the command line and the demo imports it.
"""
