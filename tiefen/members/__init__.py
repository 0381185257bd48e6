"""members 会员: what a fan earned by buying: a level, and points.

owns: nothing.
promises: nothing.
publishes: nothing.
hears: nothing.
"""
