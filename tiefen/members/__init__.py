"""members 会员: what a fan earned by buying: a level, and points.

owns: member_level, member_rules, member_growth, member_standing, member_level_move,
member_level_gift, points_rules, points_account, points_lot, points_move, points_note, points_use,
points_line.
promises: growth is what orders brought inside the window, less what went back; a fan has the level
their growth reaches, or more until a review; a gift for a level is given once ever; an order earns points once; points are spent once,
never fall below zero, and go back with what they were spent on; what cannot be taken back is a debt.
publishes: LevelChanged, LevelGiftDue.
hears: fans.FansMerged, fans.FansParted, orders.OrderPaid, orders.OrderReceived,
orders.OrderRefunded.
"""
