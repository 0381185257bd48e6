"""Analytics: what happened, counted: the overview, the loop's funnel, hits.

owns       facts heard from other rooms, hits of the shop's pages, daily figures, what each fan
           did on each day
promises   a fact counts once; daily figures equal a recount of the facts; a reader sees only the
           to-dos their permissions cover; counting never holds up a sale
publishes  FanVisited
hears      FanFollowed · FanScanned · FanUnfollowed · MessageReceived · MenuClicked · OrderPlaced ·
           OrderPaid · OrderReceived · OrderRefunded
"""
