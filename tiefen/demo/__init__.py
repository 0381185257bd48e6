"""demo: a merchant and its fans who live through the real doors at injected time.

Nothing here writes a row by itself: staff act through the console's API, fans through WeChat's
pushes and the shop's API, money through the sandbox's pay sheet. The same seed gives the same world.
"""
