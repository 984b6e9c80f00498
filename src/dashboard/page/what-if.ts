/** How long the rollout would take with another weight, margin or traffic: computed in the page by the formulas that judge it. */

import type { RolloutReport, RolloutStep } from '../../index.ts';
import { planRollout, type PlannedStep, type RolloutPlan } from '../../stats/plan-rollout.ts';
import { duration } from '../../domain/format.ts';
import { dataTable, el, keyedList, section, setText, textRow } from './dom.ts';
import { figure, percent, plural } from './format.ts';
import { trafficOf } from './words.ts';
import type { Shown, View } from './view.ts';

type Cells = readonly string[];

interface Assumed {
  readonly weight: number | undefined;
  readonly margin: number;
  readonly callsPerSecond: number;
  readonly errorRate: number;
}

export function createWhatIf(): View {
  const weight = slider('Weight of the step', 'what-weight', [0.001, 1], percent);
  const margin = slider('Margin of errors', 'what-margin', [0.001, 0.2], (value) => `${figure(value * 100)} points`);
  const traffic = slider('Calls per second', 'what-traffic', [0.01, 1_000], figure);
  const errors = slider("Stable's error rate", 'what-errors', [0.0005, 0.2], percent);
  const reset = el('button', { type: 'button' }, 'As it is now');
  const answer = el('p', { class: 'answer', 'aria-live': 'polite' });
  const table = dataTable('The steps as planned', ['Step', 'Takes', 'Calls', 'Outage caught', '3 × errors caught']);
  const warnings = el('ul', { class: 'waits' });
  const sliders = el('div', { class: 'sliders' }, ...[weight, margin, traffic, errors].map(({ element }) => element));
  const note = el(
    'p',
    { class: 'note' },
    'How long it takes if the canary is as good as stable, and how soon harm would be caught.',
  );
  const body = el('div', {}, note, sliders, reset, answer, table.box, warnings);
  const empty = el('p', { class: 'empty' }, 'Without a rollout there is nothing to plan.');
  const element = section('what-if', 'What if?', body, empty);
  const showSteps = keyedList<Cells>(
    table.body,
    ([name = '']) => name,
    () => textRow(5),
  );
  const showWarnings = keyedList<string>(
    warnings,
    (text) => text,
    (text) => ({ element: el('li', {}, text), show: () => undefined }),
  );
  let latest: Shown | undefined;
  let of: string | undefined;

  function setUp(shown: Shown): void {
    const { report } = shown;
    if (!report) return;
    const step = report.planned.steps[stepOf(report)];
    weight.element.hidden = step?.kind !== 'weight';
    if (step?.kind === 'weight') weight.set(step.weight);
    margin.set(report.planned.guardrails.errorRate?.margin ?? 0.01);
    traffic.set(observedRate(shown) ?? 1);
    errors.set(report.stable.errorRate || 0.01);
    plan();
  }

  function plan(): void {
    const { report } = latest ?? {};
    if (!report) return;
    const step = report.planned.steps[stepOf(report)];
    const assumed = {
      weight: step?.kind === 'weight' ? weight.value() : undefined,
      margin: margin.value(),
      callsPerSecond: traffic.value(),
      errorRate: errors.value(),
    };
    const planned = planWith(report, assumed);
    setText(answer, answerOf(planned, report));
    showSteps(planned.steps.map((one, index) => rowOf(one, report.planned.steps[index]!, index)));
    showWarnings(
      planned.warnings.map((text) => text.replace(/^steps\[(\d+)\]/, (_, index) => `Step ${Number(index) + 1}`)),
    );
  }

  for (const { input } of [weight, margin, traffic, errors]) input.addEventListener('input', plan);
  reset.addEventListener('click', () => latest && setUp(latest));
  return {
    element,
    show: (shown) => {
      latest = shown;
      const { report } = shown;
      body.hidden = !report;
      empty.hidden = report !== undefined;
      if (!report) return;
      // Sliders stay where a person has moved them until the rollout moves.
      const now = `${report.upstream} ${report.run} ${stepOf(report)} ${observedRate(shown) === undefined}`;
      if (now !== of) setUp(shown);
      of = now;
      setText(weight.label, `Weight of step ${stepOf(report) + 1}`);
    },
  };
}

/** The step that the weight is for: the present one, or the first with a weight after it. */
function stepOf({ planned, step }: RolloutReport): number {
  const next = planned.steps.findIndex(({ kind }, index) => index >= step && kind === 'weight');
  return next === -1 ? step : next;
}

/** The pace of both sides in the window, if there were calls. */
function observedRate({ state: { traffic } }: Shown): number | undefined {
  const calls = Object.values(traffic?.upstreams ?? {}).reduce((sum, upstream) => sum + upstream.calls, 0);
  return traffic && calls > 0 ? Math.max(0.01, (calls / traffic.windowMs) * 1_000) : undefined;
}

function planWith(report: RolloutReport, { weight, margin, callsPerSecond, errorRate }: Assumed): RolloutPlan {
  const { planned } = report;
  const changed = stepOf(report);
  return planRollout({
    steps: planned.steps.map((step, index) => plannedStep(step, index === changed ? weight : undefined)),
    callsPerSecond,
    errorRate,
    guardrails: { ...planned.guardrails, errorRate: { ...planned.guardrails.errorRate, margin } },
    alpha: planned.alpha,
  });
}

function plannedStep(step: RolloutStep, weight: number | undefined): PlannedStep {
  const { holdMs: hold, minCalls } = step;
  switch (step.kind) {
    case 'shadow':
      return { shadow: step.to ?? step.share, hold, minCalls };
    case 'segment':
      return { hold, minCalls };
    case 'weight':
      return { weight: weight ?? step.weight, hold, minCalls };
    default:
      return step satisfies never;
  }
}

function answerOf({ totalMs, steps }: RolloutPlan, report: RolloutReport): string {
  const step = steps[stepOf(report)];
  const outage = step?.regressions.find(({ regression }) => regression === 'outage');
  const whole =
    totalMs === Infinity ? 'The rollout would never end' : `The whole rollout takes about ${duration(totalMs)}`;
  const caught = outage
    ? `; at step ${stepOf(report) + 1} an outage is caught after ${duration(outage.afterMs)} and ${plural(Math.ceil(outage.exposedCalls), 'call')}`
    : '';
  return `${whole}${caught}.`;
}

function rowOf(plan: RolloutPlan['steps'][number], step: RolloutStep, index: number): Cells {
  const caughtAfter = (regression: string): string =>
    duration(plan.regressions.find((one) => one.regression === regression)?.afterMs);
  const share = plan.weight === undefined ? trafficOf(step) : percent(plan.weight);
  return [
    `${index + 1}: ${share}`,
    duration(plan.timeMs),
    figure(plan.calls),
    caughtAfter('outage'),
    caughtAfter('×3'),
  ];
}

/** A slider on a logarithmic scale. */
function slider(name: string, id: string, [min, max]: readonly [number, number], format: (value: number) => string) {
  const input = el('input', { type: 'range', id, min: 0, max: 1_000, step: 1 });
  const output = el('output', { for: id });
  const label = el('span', {}, name);
  const value = (): number => Number((min * (max / min) ** (Number(input.value) / 1_000)).toPrecision(3));
  const show = (): void => {
    const text = format(value());
    setText(output, text);
    input.setAttribute('aria-valuetext', text);
  };
  input.addEventListener('input', show);
  return {
    element: el('label', { class: 'slider', for: id }, el('span', { class: 'slider-head' }, label, output), input),
    input,
    label,
    value,
    set: (next: number) => {
      input.value = String(
        Math.round((1_000 * Math.log(Math.min(max, Math.max(min, next)) / min)) / Math.log(max / min)),
      );
      show();
    },
  };
}
