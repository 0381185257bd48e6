"""Channels: where fans come from, and what each channel brought.

owns       channel codes as QR codes, mini-program codes and short links, visits by links, live codes
           that give fans to employees in turn, the touch log, each fan's first source, what the fans
           of a code bought, shares of orders under four models, sums by day, appeals and rulings
promises   a touch is never changed; the first source of a fan never changes, a ruling stands beside
           it; under every model the shares of an order add up to it, to the fen; counters and sums
           equal a recount; nobody decides their own appeal
publishes  TouchRecorded · CodeSaved
hears      FanArrived · FanFollowed · FanScanned · FanUnfollowed · FollowersImported · FansMerged ·
           FansParted · FanVisited · BottleScanned · OrderPlaced · OrderPaid · OrderReceived ·
           OrderRefunded
"""
