/** The guardrails: how close each is to its bound, with the numbers of both sides. */

import type { ArmNumbers, GuardrailNumbers, RolloutReport } from '../../index.ts';
import { duration, threeDigits } from '../../domain/format.ts';
import { el, keyedList, section, setAttributes, setText, type Row } from './dom.ts';
import { count, figure, metricName, percent, usd } from './format.ts';
import type { View } from './view.ts';

export function createGuardrails(): View {
  const total = el('p', { class: 'note' });
  const list = el('ul', { class: 'guardrails' });
  const empty = el('p', { class: 'empty' }, 'Without a rollout no guardrail is judged.');
  const element = section('evidence', 'Evidence', total, list, empty);
  const showAll = keyedList<GuardrailView>(list, ({ numbers }) => numbers.guardrail, createGuardrail);
  return {
    element,
    show: ({ report }) => {
      empty.hidden = report !== undefined;
      total.hidden = report === undefined;
      showAll((report?.guardrails ?? []).map((numbers) => ({ numbers, report: report! })));
      if (report) setText(total, totalOf(report));
    },
  };
}

function totalOf({ evidence, guardrail, guardrails, phase }: RolloutReport): string {
  if (phase === 'rolledBack') return `It ended at ${percent(evidence)} of the evidence for a rollback.`;
  const proven = guardrails.filter(({ promotion }) => promotion >= 1).length;
  return `${percent(evidence)} of the evidence for a rollback, most of it from ${metricName(guardrail).toLowerCase()}. ${proven} of ${guardrails.length} proven no worse.`;
}

interface GuardrailView {
  readonly numbers: GuardrailNumbers;
  readonly report: RolloutReport;
}

function createGuardrail(): Row<GuardrailView> {
  const name = el('h3');
  const bound = el('p', { class: 'bound' });
  const sides = el('p', { class: 'numbers' });
  const worse = createMeter('Worse', 'worse');
  const noWorse = createMeter('No worse', 'no-worse');
  const element = el(
    'li',
    {},
    el('div', { class: 'guardrail-head' }, name, bound),
    worse.element,
    noWorse.element,
    sides,
  );
  return {
    element,
    show: ({ numbers, report }) => {
      const { guardrail, rollback, promotion, dryRun } = numbers;
      setText(name, metricName(guardrail) + (dryRun ? ' (dry run: decides nothing)' : ''));
      setText(bound, boundOf(guardrail, report));
      worse.show({ share: rollback, text: `${percent(rollback)} of the way to a rollback` });
      noWorse.show({
        share: promotion,
        text: promotion >= 1 ? 'proven' : `${percent(promotion)} of the way to a proof`,
      });
      setText(sides, sidesOf(numbers, report));
    },
  };
}

interface MeterView {
  readonly share: number;
  readonly text: string;
}

function createMeter(label: string, kind: string): Row<MeterView> {
  const fill = el('span', { class: 'fill' });
  const bar = el(
    'span',
    { class: `bar ${kind}`, role: 'meter', 'aria-label': label, 'aria-valuemin': 0, 'aria-valuemax': 100 },
    fill,
  );
  const value = el('span', { class: 'value' });
  const element = el('div', { class: 'meter' }, el('span', { class: 'label' }, label), bar, value);
  return {
    element,
    show: ({ share, text }) => {
      const rounded = Math.round(Math.min(1, Math.max(0, share)) * 100);
      fill.style.inlineSize = `${rounded}%`;
      setAttributes(bar, { 'aria-valuenow': rounded, 'aria-valuetext': text, 'data-full': share >= 1 });
      setText(value, share >= 1 ? (kind === 'worse' ? '✕ bound' : '✓ proven') : `${rounded} %`);
    },
  };
}

/** The limits of a guardrail in words. */
function boundOf(guardrail: string, { planned }: RolloutReport): string {
  const { margin, max } = planned.guardrails[guardrail] ?? {};
  const isRate = guardrail === 'errorRate';
  const isRelative = /^(latency|firstChunk|cost)/.test(guardrail);
  const isPoints = isRate ? ` ${threeDigits((margin ?? 0) * 100)} points` : ` ${figure(margin ?? 0)}`;
  const by =
    margin === undefined
      ? undefined
      : margin === 0
        ? 'no worse than stable'
        : `at most${isRelative ? ` ${percent(margin)}` : isPoints} worse than stable`;
  const limit = max === undefined ? undefined : `at most ${valueOf(guardrail, max)}`;
  return [by, limit].filter((text) => text !== undefined).join(', ') || 'compared with stable';
}

function valueOf(guardrail: string, value: number): string {
  if (guardrail === 'errorRate') return percent(value);
  if (guardrail === 'costPerCall') return usd(value);
  return /^(latency|firstChunk)/.test(guardrail) ? duration(value) : figure(value);
}

/** Both sides in words. */
function sidesOf(numbers: GuardrailNumbers, { upstream, planned, canary, stable }: RolloutReport): string {
  const side = (name: string, arm: ArmNumbers, which: 'canary' | 'stable'): string => {
    const { calls, mean } = numbers.sides[which];
    const value = measuredOf(numbers.guardrail, arm, mean);
    return `${name} ${value} over ${count(calls)}`;
  };
  return `${side(upstream, canary, 'canary')}; ${side(planned.stable, stable, 'stable')} calls`;
}

/** Latency and cost are judged on another scale than people read them: their means are those of the side. */
function measuredOf(guardrail: string, arm: ArmNumbers, mean: number | null): string {
  if (guardrail === 'errorRate') return percent(arm.errorRate);
  if (guardrail === 'costPerCall') return usd(arm.costPerCallUsd);
  if (guardrail.startsWith('latency'))
    return arm.meanLatencyMs === null ? '–' : `${duration(arm.meanLatencyMs)} on average`;
  return mean === null ? '–' : figure(mean);
}
