"""Channels: where fans come from.

owns       channel codes and their QR codes, the touch log, each fan's first source,
           what the fans of a code bought
promises   a touch is never changed; the first source of a fan never changes; an order counts for
           the code its buyer came through first, fixed when it is paid; counters equal a recount
publishes  TouchRecorded · CodeSaved
hears      FanFollowed · FanScanned · FanUnfollowed · OrderPaid · OrderReceived · OrderRefunded
"""
