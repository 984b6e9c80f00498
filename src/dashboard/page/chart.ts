/** One chart: a line per upstream, decisions as marks, and a table of its numbers behind it. */

import uPlot from 'uplot';
import { duration } from '../../domain/format.ts';
import type { PageChart, PageDecision } from '../page-state.ts';
import { dataTable, el, keyedList, setText, textRow } from './dom.ts';
import { clockTime, figure, percent, usd } from './format.ts';
import { KINDS } from './words.ts';

/** The numbers of a chart: times in seconds, then a list of values for each line. */
export type ChartData = [number[], ...(number | null)[][]];

export interface Chart {
  readonly element: HTMLElement;
  /** Draws the numbers from `fromMs` to `toMs`. */
  readonly draw: (
    data: ChartData,
    range: readonly [fromMs: number, toMs: number],
    marks: readonly PageDecision[],
  ) => void;
}

/** Lines differ by colour and by dash. */
const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3]];

/** @param lines the names of the upstreams, in the order of the data */
export function createChart({ title, unit }: PageChart, lines: readonly string[]): Chart {
  const format = FORMATS[unit];
  const plot = el('div', { class: 'plot', 'aria-hidden': 'true' });
  const legend = el('ul', { class: 'legend' });
  const table = dataTable(`${title} by minute`, ['Time', ...lines]);
  const details = el('details', {}, el('summary', {}, 'Numbers'), table.box);
  const heading = el('h3', {}, title);
  const element = el('figure', { class: 'chart' }, el('figcaption', {}, heading, legend), plot, details);
  const values = lines.map((name, line) => {
    const value = el('span', { class: 'value' });
    legend.append(
      el('li', { 'data-line': line }, el('span', { class: 'swatch', 'aria-hidden': 'true' }), `${name} `, value),
    );
    return value;
  });
  const showRows = keyedList<readonly string[]>(
    table.body,
    ([time = '']) => time,
    () => textRow(lines.length + 1),
  );
  let data: ChartData = [[], ...lines.map(() => [])];
  let marks: readonly PageDecision[] = [];
  let chart: uPlot | undefined;

  function build(): void {
    const width = plot.clientWidth;
    if (width === 0) return;
    chart?.destroy();
    chart = new uPlot(
      optionsOf(lines, format, { width, height: plot.clientHeight }, () => marks, plot),
      data,
      plot,
    );
  }

  function showLegend(index: number | null | undefined): void {
    const last = data[0].length - 1;
    values.forEach((value, line) => setText(value, format(data[line + 1]?.[index ?? last] ?? null)));
  }

  // Also when it becomes visible, and when the colours change.
  new ResizeObserver(() => {
    if (chart && plot.clientWidth > 0) chart.setSize({ width: plot.clientWidth, height: plot.clientHeight });
    else build();
  }).observe(plot);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', build);
  details.addEventListener('toggle', () => showRows(details.open ? minutesOf(data, format) : []));

  return {
    element,
    draw: (next, [fromMs, toMs], decisions) => {
      data = next;
      marks = decisions;
      if (!chart) build();
      chart?.batch(() => {
        chart?.setData(data, false);
        chart?.setScale('x', { min: fromMs / 1_000, max: toMs / 1_000 });
      });
      showLegend(chart?.cursor.idx);
      if (details.open) showRows(minutesOf(data, format));
    },
  };
}

const FORMATS: Readonly<Record<PageChart['unit'], (value: number | null) => string>> = {
  perSecond: (value) => (value === null ? '–' : `${figure(value)}/s`),
  share: percent,
  ms: duration,
  usd,
};

function optionsOf(
  lines: readonly string[],
  format: (value: number | null) => string,
  size: { readonly width: number; readonly height: number },
  marks: () => readonly PageDecision[],
  plot: HTMLElement,
): uPlot.Options {
  const styles = getComputedStyle(plot);
  const colour = (name: string): string => styles.getPropertyValue(name).trim();
  const font = `11px ${styles.fontFamily}`;
  const least = format === FORMATS.share ? 0.05 : 1;
  const axis = {
    stroke: colour('--muted'),
    font,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    ...size,
    padding: [16, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 5 } },
    scales: { x: { time: true }, y: { range: (_, _min, max) => [0, max > 0 ? max * 1.15 : least] } },
    axes: [
      {
        ...axis,
        space: 70,
        values: (_, times) => times.map((time) => new Date(time * 1_000).toTimeString().slice(0, 5)),
      },
      {
        ...axis,
        size: (chart, labels) => widthOf(chart, labels, font),
        space: 34,
        values: (_, ticks) => ticks.map((tick) => format(tick)),
      },
    ],
    series: [
      {},
      ...lines.map((label, line) => ({
        label,
        stroke: colour(`--line-${line % DASHES.length}`),
        width: 1.75,
        dash: [...DASHES[line % DASHES.length]!],
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { draw: [(chart) => drawMarks(chart, marks(), { colour, font })] },
  };
}

/** The room that the longest label needs. */
function widthOf({ ctx }: uPlot, labels: readonly string[] | null, font: string): number {
  ctx.save();
  ctx.font = font;
  const widths = (labels ?? []).map((label) => ctx.measureText(label).width);
  ctx.restore();
  return Math.ceil(Math.max(24, ...widths)) + 14;
}

interface Look {
  readonly colour: (name: string) => string;
  readonly font: string;
}

/** A line and a sign at each decision. */
function drawMarks(chart: uPlot, marks: readonly PageDecision[], { colour, font }: Look): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.font = font.replace('11px', `${11 * devicePixelRatio}px`);
  ctx.textAlign = 'center';
  for (const { atMs, kind } of marks) {
    const x = Math.round(chart.valToPos(atMs / 1_000, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const isBad = kind === 'rollback' || kind === 'alert';
    ctx.strokeStyle = ctx.fillStyle = colour(isBad ? '--bad' : '--muted');
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(KINDS[kind].sign, x, bbox.top - 4 * devicePixelRatio);
  }
  ctx.restore();
}

/** The last number of each minute, the latest first. */
function minutesOf([times, ...lines]: ChartData, format: (value: number | null) => string): readonly string[][] {
  const lastOf = new Map(times.map((time, index) => [Math.floor(time / 60), index]));
  return [...lastOf.values()]
    .toReversed()
    .slice(0, 60)
    .map((index) => [
      clockTime(times[index]! * 1_000, times.at(-1)! * 1_000),
      ...lines.map((values) => format(values[index] ?? null)),
    ]);
}
