import { AriaComponent, GridComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { onBeforeUnmount, onMounted, type Ref, type WatchSource, watch } from 'vue'
import { theme } from '../app/theme'

/** The value of a design token now: charts take colours as words, not as classes. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** What all our charts look like; a chart adds its series and what its axes say. */
export function paper(top: number) {
  const text = { color: token('--tf-text-3'), fontSize: 11 }
  const line = { lineStyle: { color: token('--tf-line') } }
  return {
    animationDuration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 300,
    grid: { left: 4, right: 12, top, bottom: 4, containLabel: true },
    tooltip: { trigger: 'axis' as const, backgroundColor: token('--tf-surface'), borderColor: token('--tf-line'), textStyle: { color: token('--tf-text'), fontSize: 12 } },
    across: { type: 'category' as const, axisTick: { show: false }, axisLine: line, axisLabel: { ...text, hideOverlap: true } },
    up: { type: 'value' as const, minInterval: 1, splitNumber: 4, axisLabel: text, splitLine: line },
  }
}

/** A chart in `box`, drawn as SVG; drawn anew when one of `sources` or the theme changes. `parts` are the kinds of series it needs. */
export function useChart(box: Readonly<Ref<HTMLElement | null>>, parts: Parameters<typeof use>[0], option: () => EChartsCoreOption, sources: WatchSource[]): void {
  use([GridComponent, TooltipComponent, AriaComponent, SVGRenderer, ...[parts].flat()])
  let chart: EChartsType | undefined
  let watcher: ResizeObserver | undefined
  const draw = (): void => chart?.setOption(option(), true)

  onMounted(() => {
    if (!box.value) return
    chart = init(box.value, undefined, { renderer: 'svg' })
    watcher = new ResizeObserver(() => chart?.resize())
    watcher.observe(box.value)
    draw()
  })
  onBeforeUnmount(() => {
    watcher?.disconnect()
    chart?.dispose()
  })
  watch([...sources, theme], () => requestAnimationFrame(draw))
}
