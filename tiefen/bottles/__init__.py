"""Bottles: one code per bottle, from the print file to the scan, the reward and the next order.

owns       batches of bottle codes, which of them went to which dealer, scans, rewards, alarms
promises   a code cannot be guessed or made up; a bottle is rewarded once at most, and only its first
           scan; counters equal a recount; a reminder is sent once per bottle
publishes  BottleScanned
hears
"""
