import { computed, reactive, ref } from 'vue'
import type { Schema } from '../../../app/api'
import { combinations, MAX_SKUS, regrid, renameValue, rowOf, specsOf, type Picture, type SkuRow, type Spec } from './grid'

/** Terms of a presale as they are typed: empty money is 0. */
export interface PresaleForm extends Omit<Schema<'PresaleOut'>, 'deposit_fen' | 'worth_fen'> {
  deposit_fen: number | null
  worth_fen: number | null
}

export interface ProductForm {
  kind: Schema<'ProductKind'>
  code: string
  name: string
  subtitle: string
  points: string[]
  attributes: { name: string; value: string }[]
  category_id: number | null
  brand_id: number | null
  role: Schema<'ProductRole'>
  consume_days: number | null
  freight_template_id: number | null
  pictures: Picture[]
  video: Picture | null
  detail_html: string
  given_html: string
  specs: Spec[]
  rows: SkuRow[]
  purchase_limit: number | null
  only_stages: string[]
  only_segments: number[]
  shelf_on_at: string | null
  shelf_off_at: string | null
  share_texts: string[]
  presale: PresaleForm | null
  service_uses: number
  service_days: number | null
  share_pictures: Picture[]
  position: number
}

/** What is still wrong, by the part of the form it belongs to; the value is a text key with its arguments. */
export type Problems = Partial<Record<'name' | 'specs' | 'rows' | 'facts', { key: string; args?: Record<string, unknown> }>>

export interface Editor {
  form: ProductForm
  version: number | null
  status: Schema<'ProductStatus'> | null
  problems: Problems
  dirty: boolean
  /** SKUs that were taken off the grid: kept for their orders and stock. */
  retired: Schema<'ConsoleSku'>[]
  open: (product: Schema<'ConsoleProduct'>) => void
  setSpecs: (specs: Spec[]) => void
  renameValue: (spec: number, from: string, to: string) => void
  input: () => Schema<'ProductInput'>
}

function blank(): ProductForm {
  return {
    kind: 'goods', code: '', name: '', subtitle: '', points: [], attributes: [], category_id: null, brand_id: null, role: 'regular', consume_days: null, freight_template_id: null,
    pictures: [], video: null, detail_html: '', given_html: '', specs: [], rows: regrid([], []), purchase_limit: null, only_stages: [], only_segments: [],
    shelf_on_at: null, shelf_off_at: null, share_texts: [], presale: null, service_uses: 1, service_days: null, share_pictures: [], position: 0,
  }
}

function pictures(keys: readonly string[], urls: readonly string[]): Picture[] {
  return keys.map((key, index) => ({ key, url: urls[index] ?? '' }))
}

export function findProblems(form: ProductForm): Problems {
  const problems: Problems = {}
  if (!form.name.trim()) problems.name = { key: 'catalog.nameNeeded' }
  for (const spec of form.specs) {
    const twice = spec.values.find((value, index) => spec.values.indexOf(value) !== index)
    if (!spec.name.trim() || spec.values.length === 0) problems.specs = { key: 'catalog.specIncomplete' }
    else if (twice) problems.specs = { key: 'catalog.valueTwice', args: { value: twice } }
  }
  const count = combinations(form.specs).length
  if (count > MAX_SKUS) problems.specs = { key: 'catalog.tooMany', args: { count } }
  if (form.rows.some((row) => row.price_fen === null)) problems.rows = { key: 'catalog.priceNeeded' }
  if (form.rows.some((row) => Object.keys(row.wrong).length > 0)) problems.rows = { key: 'catalog.grid.unreadable' }
  if (form.attributes.some((fact) => !fact.name.trim() || !fact.value.trim())) problems.facts = { key: 'catalog.factIncomplete' }
  return problems
}

/** Whether the clock would find the product without what a shelf asks for; nobody is there to be told then. */
export function staysOff(form: Pick<ProductForm, 'shelf_on_at' | 'pictures'>): boolean {
  return Boolean(form.shelf_on_at) && form.pictures.length === 0
}

/** The state of the product editor: what is on the form, what is wrong with it and what would be sent. */
export function useEditor(): Editor {
  const form = reactive(blank())
  const saved = ref(JSON.stringify(blank()))
  const version = ref<number | null>(null)
  const status = ref<Schema<'ProductStatus'> | null>(null)
  const retired = ref<Schema<'ConsoleSku'>[]>([])

  function open(product: Schema<'ConsoleProduct'>): void {
    Object.assign(form, {
      kind: product.kind, code: product.code, name: product.name, subtitle: product.subtitle, points: [...product.points], attributes: product.attributes.map((fact) => ({ ...fact })),
      category_id: product.category_id, brand_id: product.brand_id, role: product.role, consume_days: product.consume_days, freight_template_id: product.freight_template_id, detail_html: product.detail_html, given_html: product.given_html,
      pictures: pictures(product.images, product.image_urls), video: product.video_key ? { key: product.video_key, url: product.video_url } : null,
      specs: specsOf(product.specs), rows: product.skus.filter((sku) => sku.on_grid).map(rowOf),
      purchase_limit: product.purchase_limit, only_stages: [...product.only_stages], only_segments: [...product.only_segments],
      service_uses: product.service_uses, service_days: product.service_days,
      shelf_on_at: product.shelf_on_at, shelf_off_at: product.shelf_off_at,
      share_texts: [...product.share_texts], presale: product.presale ? { ...product.presale, deposit_fen: product.presale.deposit_fen || null, worth_fen: product.presale.worth_fen || null } : null, share_pictures: pictures(product.share_images, product.share_image_urls), position: product.position,
    } satisfies ProductForm)
    retired.value = product.skus.filter((sku) => !sku.on_grid)
    version.value = product.version
    status.value = product.status
    saved.value = JSON.stringify(form)
  }

  function setSpecs(specs: Spec[]): void {
    form.specs = specs
    if (combinations(specs).length <= MAX_SKUS) form.rows = regrid(specs, form.rows)
  }

  function rename(spec: number, from: string, to: string): void {
    const target = form.specs[spec]
    if (!target || target.values.includes(to)) return
    const column = form.specs.slice(0, spec).filter((one) => one.values.length > 0).length
    target.values = target.values.map((value) => (value === from ? to : value))
    form.rows = renameValue(form.rows, column, from, to)
  }

  function input(): Schema<'ProductInput'> {
    const { rows, pictures: shown, video, share_pictures, specs, ...plain } = form
    return {
      ...plain, name: form.name.trim(), subtitle: form.subtitle.trim(), code: form.code.trim(), points: form.points.map((point) => point.trim()).filter(Boolean),
      attributes: form.attributes.map((fact) => ({ name: fact.name.trim(), value: fact.value.trim() })),
      images: shown.map((picture) => picture.key), video_key: video?.key ?? null, presale: form.presale ? { ...form.presale, deposit_fen: form.presale.deposit_fen ?? 0, worth_fen: form.presale.worth_fen ?? 0 } : null, share_texts: form.share_texts.map((words) => words.trim()).filter(Boolean), share_images: share_pictures.map((picture) => picture.key),
      specs: specs.map(({ name, values, images }) => ({ name, values, images: images.some(Boolean) ? values.map((_, at) => images[at]?.key ?? '') : [] })),
      skus: rows.map(({ id, values, code, price_fen, market_fen, cost_fen, weight_g, volume_cm3, image_key }) => ({ id, values, code, price_fen: price_fen ?? 0, market_fen, cost_fen, weight_g, volume_cm3, image_key })),
      version: version.value,
    }
  }

  const dirty = computed(() => JSON.stringify(form) !== saved.value)
  return reactive({ form, version, status, retired, open, setSpecs, renameValue: rename, input, problems: computed(() => findProblems(form)), dirty }) as Editor
}
