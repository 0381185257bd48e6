"""Routes of what is shared of a product: open to anybody, because it is made to be published."""

import asyncio

from fastapi import Depends, Response

from tiefen.catalog import rules, service
from tiefen.catalog.http.common import IdPath
from tiefen.catalog.schemas import ShareKitOut
from tiefen.kernel.auth import anyone
from tiefen.kernel.http import REFUSALS, DbDep, MerchantDep, StorageDep, TxDep
from tiefen.kernel.limits import Limit as Rate
from tiefen.kernel.routing import Routes

PACKS = Rate(30, 60.0)
"""Packed pictures one address may take in a minute: each is decoded and encoded anew."""
router = Routes(tags=["catalog"], responses=REFUSALS)


@router.get(
    "/api/shop/products/{product_id}/share",
    operation_id="getShareKit",
    dependencies=[Depends(anyone())],
)
async def get_share_kit(tx: TxDep, product_id: IdPath) -> ShareKitOut:
    """Selling points, texts to copy and pictures of a product on the shelf."""
    kit = await service.share_kit(tx, product_id)
    return ShareKitOut(
        product_id=kit.product_id,
        name=kit.name,
        subtitle=kit.subtitle,
        points=list(kit.points),
        texts=list(kit.texts),
        image_urls=[rules.file_url(key) for key in kit.images],
        cover_url=rules.file_url(kit.cover),
        price_min_fen=kit.price_min_fen,
        price_max_fen=kit.price_max_fen,
    )


@router.get(
    "/api/shop/products/{product_id}/share/pictures.zip",
    operation_id="downloadSharePictures",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}}},
    dependencies=[Depends(anyone()), Depends(PACKS)],
)
async def download_pictures(
    db: DbDep, merchant: MerchantDep, storage: StorageDep, product_id: IdPath
) -> Response:
    """All pictures in their order, as JPEG in a ZIP with the texts. Read outside of a transaction."""
    async with db.merchant(merchant) as tx:
        kit = await service.share_kit(tx, product_id)
    found = [await storage.get(key) for key in kit.images]
    packed = await asyncio.to_thread(service.pack_share_kit, kit, found)
    headers = {
        "Content-Disposition": f'attachment; filename="product-{product_id}.zip"',
        "Cache-Control": "public, max-age=300",
    }
    return Response(packed, media_type="application/zip", headers=headers)
