"""Team: who works for the merchant, what each may do, and the record of what they did.

owns       staff, roles, sign-in (password, TOTP, recovery codes), API keys, the audit log,
           the WeChat a member of staff gets notices on
promises   an unknown account and a wrong password look and cost the same; a TOTP code works once;
           nobody grants what they do not hold; an active owner always remains;
           audit rows are written in the caller's transaction and chained by hash
publishes  StaffChanged (a door for rooms that keep names or departments; no room hears it yet)
hears      Followed · Scanned
"""
