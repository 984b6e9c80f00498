/** The charts, and the samples that they draw. */

import type { PageSamples } from '../page-state.ts';
import { el, section } from './dom.ts';
import { type Chart, type ChartData, createChart } from './chart.ts';
import type { View } from './view.ts';

export interface Charts extends View {
  readonly add: (samples: PageSamples) => void;
}

/** An hour of samples is kept; older ones are dropped in one go. */
const KEPT_MS = 3_600_000;
/** The shortest time that is shown. */
const LEAST_MS = 120_000;
const RANGES = [
  { label: '15 min', ms: 900_000 },
  { label: '1 h', ms: KEPT_MS },
] as const;

export function createCharts(): Charts {
  const grid = el('div', { class: 'charts-grid' });
  const empty = el('p', { class: 'empty' }, 'The first numbers come within seconds.');
  const ranges = el('div', { class: 'ranges', role: 'group', 'aria-label': 'Time shown' });
  const element = section('charts', 'Over time', ranges, empty, grid);
  let charts: readonly Chart[] = [];
  let data: ChartData[] = [];
  let shape = '';
  let spanMs: number = RANGES[0].ms;
  let latest: Parameters<View['show']>[0] | undefined;

  const buttons = RANGES.map(({ label, ms }) => {
    const button = el('button', { type: 'button', 'aria-pressed': String(ms === spanMs) }, label);
    button.addEventListener('click', () => {
      spanMs = ms;
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      draw();
    });
    return button;
  });
  ranges.append(...buttons);

  function rebuild({ charts: titles, lines }: PageSamples): void {
    charts = titles.map((chart) => createChart(chart, lines));
    data = titles.map(() => [[], ...lines.map(() => [])]);
    grid.replaceChildren(...charts.map((chart) => chart.element));
  }

  function draw(): void {
    const times = data[0]?.[0] ?? [];
    empty.hidden = times.length > 0;
    if (!latest || times.length === 0) return;
    const toMs = Math.max(latest.nowMs, times.at(-1)! * 1_000);
    // A young page does not show an empty quarter of an hour.
    const fromMs = Math.max(toMs - spanMs, Math.min(times[0]! * 1_000, toMs - LEAST_MS));
    const marks = latest.state.decisions.filter(({ atMs }) => atMs >= fromMs);
    charts.forEach((chart, index) => chart.draw(data[index]!, [fromMs, toMs], marks));
  }

  return {
    element,
    show: (shown) => {
      latest = shown;
      draw();
    },
    add: (samples) => {
      const { reset, lines, charts: titles, atMs, values } = samples;
      const nextShape = JSON.stringify([lines, titles]);
      // A new line has no past: what is known of the others stays with the server.
      if (reset || nextShape !== shape) rebuild(samples);
      shape = nextShape;
      const times = atMs.map((at) => at / 1_000);
      data.forEach(([known, ...columns], chart) => {
        known.push(...times);
        columns.forEach((column, line) => column.push(...(values[chart]?.[line] ?? [])));
        const first = known.findIndex((time) => time * 1_000 >= (known.at(-1) ?? 0) * 1_000 - KEPT_MS);
        if (first > 60) for (const column of [known, ...columns]) column.splice(0, first);
      });
    },
  };
}
