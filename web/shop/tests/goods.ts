import type { Category, Product } from '@/core/types'

/** What these goods have none of. */
const PLAIN = { kind: 'goods', points: [], brand_name: '', attributes: [], video_url: '', members_only: false, delivery: '', presale: null, rating_count: 0, rating_sum: 0 } as const

/** A small shop to test against. Pictures are addresses under `base`; nothing loads them in tests. */
export function categories(base: string): Category[] {
  const names = ['茶叶', '坚果', '护肤', '家居']
  return names.map((name, index) => ({ id: index + 1, parent_id: null, name, image_url: `${base}/files/category-${index + 1}.png`, position: index, shown: true }))
}

export function products(base: string): Product[] {
  const picture = (name: string) => `${base}/files/${name}.png`
  const one = (id: number, name: string, subtitle: string, category_id: number, price_fen: number): Product => ({
    ...PLAIN, points: [], attributes: [], id, name, subtitle, category_id, image_urls: [picture(`p${id}`), picture(`p${id}b`)], detail_html: `<p>${subtitle}</p>`, specs: [], purchase_limit: null,
    skus: [{ id: id * 10, values: [], price_fen, market_fen: Math.round(price_fen * 1.25), image_url: '' }], price_min_fen: price_fen, price_max_fen: price_fen,
  })
  const tea: Product = {
    ...PLAIN, points: ['手工炒制'], attributes: [{ name: '产地', value: '杭州' }], id: 1, name: '明前龙井 2026 春茶', subtitle: '西湖核心产区，手工炒制', category_id: 1, image_urls: [picture('p1'), picture('p1b'), picture('p1c')],
    detail_html: '<p>清明前采摘，一芽一叶，豆香清鲜。</p><p>冷藏保存，开封后请尽快饮用。</p>',
    specs: [{ name: '净含量', values: ['50g', '125g', '250g'], images: [], image_urls: [] }, { name: '包装', values: ['罐装', '礼盒'], images: [], image_urls: [] }],
    skus: [
      { id: 11, values: ['50g', '罐装'], price_fen: 6800, market_fen: 8800, image_url: '' },
      { id: 12, values: ['125g', '罐装'], price_fen: 15800, market_fen: null, image_url: '' },
      { id: 13, values: ['125g', '礼盒'], price_fen: 19800, market_fen: null, image_url: picture('p1b') },
      { id: 14, values: ['250g', '礼盒'], price_fen: 36800, market_fen: null, image_url: picture('p1b') },
    ],
    purchase_limit: 5, price_min_fen: 6800, price_max_fen: 36800,
  }
  return [
    tea,
    one(2, '每日坚果礼盒 30 包', '六种坚果，独立小包', 2, 12900),
    one(3, '山茶花洁面慕斯', '温和不紧绷，早晚可用', 3, 8900),
    one(4, '手作粗陶马克杯', '一杯一釉色，微瑕属正常', 4, 5990),
    one(5, '有机纯棉浴巾', '长绒棉，越洗越软', 4, 9900),
    one(6, '武夷岩茶 大红袍', '足火慢焙，岩骨花香', 1, 26800),
    one(7, '夏威夷果仁 500g 罐装大颗粒原味无壳坚果孕妇零食新货', '', 2, 7950),
  ]
}

/** Pieces free per SKU: one nearly gone, one gone. */
export const pieces: Record<number, number> = { 11: 120, 12: 3, 13: 36, 14: 0 }
