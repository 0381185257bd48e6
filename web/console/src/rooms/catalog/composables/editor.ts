import { computed, reactive, ref } from 'vue'
import type { Schema } from '../../../app/api'
import { combinations, MAX_SKUS, regrid, renameValue, rowOf, type SkuRow, type Spec } from './grid'

export interface Picture {
  key: string
  url: string
}

export interface ProductForm {
  name: string
  subtitle: string
  category_id: number | null
  role: Schema<'ProductRole'>
  pictures: Picture[]
  detail_html: string
  specs: Spec[]
  rows: SkuRow[]
  purchase_limit: number | null
  position: number
}

/** What is still wrong, by the part of the form it belongs to; the value is a text key with its arguments. */
export type Problems = Partial<Record<'name' | 'specs' | 'rows', { key: string; args?: Record<string, unknown> }>>

export interface Editor {
  form: ProductForm
  version: number | null
  status: Schema<'ProductStatus'> | null
  problems: Problems
  dirty: boolean
  open: (product: Schema<'ConsoleProduct'>) => void
  setSpecs: (specs: Spec[]) => void
  renameValue: (spec: number, from: string, to: string) => void
  input: () => Schema<'ProductInput'>
}

function blank(): ProductForm {
  return { name: '', subtitle: '', category_id: null, role: 'regular', pictures: [], detail_html: '', specs: [], rows: regrid([], []), purchase_limit: null, position: 0 }
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
  return problems
}

/** The state of the product editor: what is on the form, what is wrong with it and what would be sent. */
export function useEditor(): Editor {
  const form = reactive(blank())
  const saved = ref(JSON.stringify(blank()))
  const version = ref<number | null>(null)
  const status = ref<Schema<'ProductStatus'> | null>(null)

  function open(product: Schema<'ConsoleProduct'>): void {
    Object.assign(form, {
      name: product.name, subtitle: product.subtitle, category_id: product.category_id, role: product.role, detail_html: product.detail_html,
      pictures: product.images.map((key, index) => ({ key, url: product.image_urls[index] ?? '' })),
      specs: product.specs.map((spec) => ({ name: spec.name, values: [...spec.values] })),
      rows: regrid(product.specs, product.skus.filter((sku) => sku.on_grid).map(rowOf)),
      purchase_limit: product.purchase_limit, position: product.position,
    } satisfies ProductForm)
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
    return {
      name: form.name.trim(), subtitle: form.subtitle.trim(), category_id: form.category_id, role: form.role,
      images: form.pictures.map((picture) => picture.key), detail_html: form.detail_html, specs: form.specs,
      skus: form.rows.map(({ id, values, code, price_fen, market_fen, cost_fen, image_key }) => ({ id, values, code, price_fen: price_fen ?? 0, market_fen, cost_fen, image_key })),
      purchase_limit: form.purchase_limit, position: form.position, version: version.value,
    }
  }

  const dirty = computed(() => JSON.stringify(form) !== saved.value)
  return reactive({ form, version, status, open, setSpecs, renameValue: rename, input, problems: computed(() => findProblems(form)), dirty }) as Editor
}
