"""catalog 商品: what the merchant sells.

owns: product, sku, category, brand, goods_import, goods_import_line, goods_change,
review, card_code.
promises: cost price never leaves the console, and there is shown to those who may see it; rich
detail is sanitised when written; a SKU that was ever saved keeps its id and row (orders and stock
point at it), it is only taken off the grid; a product on the shelf has a picture and at least one
SKU for sale; a product's stars are those of its shown reviews; a code is given to one order, once.
publishes: SkusCreated, CodesAdded, ProductShelved (a door for feeds and notices; no room hears it yet).
hears: orders.OrderRefunded.
"""
