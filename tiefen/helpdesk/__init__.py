"""Helpdesk: what we answer when somebody follows, scans, taps or writes.

owns       the welcome, the default reply, keyword replies, the message log of each fan,
           questions nobody answered; for now also the push of a paid order to managers, and the
           notices of orders, after-sales and levels to fans
promises   an answer is found in memory with at most two indexed reads, so that it comes at once;
           what was answered is noted in the commit that stores the question; no pattern can run
           for long; an answer never needs more messages than the platform allows
publishes  Answered
hears      AfterSaleMoved · Answered · LevelChanged · MessageReceived · OrderNudged ·
           OrderPaid · StockLow
"""
