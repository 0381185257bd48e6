"""微信支付 v3, direct merchants: one chapter a module."""
