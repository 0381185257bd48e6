"""inventory 库存: how many pieces lie where, and who holds them.

owns: location, stock, reservation, movement, low_stock, bundle_part, stock_transfer,
stock_transfer_line, count_sheet, count_line, stock_import, stock_import_line, stock_pace.
promises: on_hand ≥ reserved ≥ 0 and reserved = the sum of open reservations; a reservation ends
exactly once; every change of on_hand is a movement with a reason; rows are locked in SKU order.
publishes: StockLow.
hears: catalog.CodesAdded, catalog.SkusCreated.
"""
