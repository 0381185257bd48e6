"""inventory 库存: how many pieces lie where, and who holds them.

Owns: location, stock, reservation, movement.
Promises: on_hand ≥ reserved ≥ 0 and reserved = the sum of open reservations; a reservation ends
exactly once; every change of on_hand is a movement with a reason; rows are locked in SKU order.
Publishes: nothing.
Hears: catalog.SkusCreated.
"""
