"""referral 老带新: fans who bring friends, and what both get when the friend buys.

owns: referral_rules, referral_bond, referral_order, referral_reward, referral_tally, referral_flag,
referral_device.
promises: a reward is for a purchase, never for sharing or following; it goes back when the purchase
does; a friend has one referrer at a time, who is never themself nor one they brought; nobody is
rewarded twice for one friend, nor beyond the limits.
publishes: nothing.
hears: OrderPaid, OrderReceived.
"""
