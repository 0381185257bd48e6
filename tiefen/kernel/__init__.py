"""kernel: the tools every room stands on, with no business noun in it.

owns      merchant directory, sessions, idempotency keys, events and jobs, file keys
promises  one transaction per request or message, in one merchant's schema, committed before the
          reply; what must happen later is a row of the same commit; time, chance and secrets are
          injected; money is whole fen; refusals have a stable code
publishes nothing
hears     nothing
"""
