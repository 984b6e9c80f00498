/** Stable and canary side by side: the samples of the step, and the attempts of the window. */

import type { ArmNumbers, BadReason, RolloutReport, SampleCounts, UpstreamSnapshot } from '../../index.ts';
import { duration, threeDigits } from '../../domain/format.ts';
import { dataTable, el, keyedList, section, setText, textRow } from './dom.ts';
import { count, percent, usd } from './format.ts';
import type { Shown, View } from './view.ts';

type Cells = readonly [name: string, stable: string, canary: string];

export function createSides(): View {
  const step = dataTable('The calls of this step by the side they were assigned to', ['This step', 'stable', 'canary']);
  const recent = dataTable('The attempts of the last minutes by upstream', ['Lately', 'stable', 'canary']);
  const saved = el('p', { class: 'note' });
  const empty = el('p', { class: 'empty' }, 'Without a rollout there are no two sides.');
  const element = section('sides', 'Both sides', saved, el('div', { class: 'tables' }, step.box, recent.box), empty);
  const showStep = keyedList<Cells>(
    step.body,
    ([name]) => name,
    () => textRow(3),
  );
  const showRecent = keyedList<Cells>(
    recent.body,
    ([name]) => name,
    () => textRow(3),
  );
  return {
    element,
    show: (shown) => {
      const { report, state } = shown;
      const { traffic } = state;
      const [stable, canary] = [
        traffic?.upstreams[report?.planned.stable ?? ''],
        traffic?.upstreams[report?.upstream ?? ''],
      ];
      step.box.hidden = !report;
      recent.box.hidden = !report || !stable || !canary;
      empty.hidden = report !== undefined;
      saved.hidden = !traffic;
      if (traffic) setText(saved, savingsOf(shown));
      if (!report) return;
      for (const { head } of [step, recent]) {
        setText(head[1]!, report.planned.stable);
        setText(head[2]!, report.upstream);
      }
      showStep(stepRows(report));
      if (!stable || !canary || !traffic) return;
      setText(recent.head[0]!, `Last ${duration(traffic.windowMs)}`);
      showRecent(recentRows(stable, canary));
    },
  };
}

function savingsOf({ state: { traffic } }: Shown): string {
  if (!traffic) return '';
  const { costUsd, savingsUsd, unpriced } = traffic.costs;
  const saved = savingsUsd >= 0 ? `saved ${usd(savingsUsd)}` : `cost ${usd(-savingsUsd)} more`;
  const unknown = unpriced > 0 ? `; ${count(unpriced)} attempts without a known price` : '';
  return `Spent ${usd(costUsd)} so far, ${saved} against stable alone${unknown}.`;
}

const REASONS: Readonly<Record<BadReason, string>> = {
  failed: 'error or time-out',
  breaker: 'breaker was open',
  pause: 'was paused',
  refused: 'refused, served elsewhere',
  slow: 'too slow',
  empty: 'no content',
};

function stepRows({ samples: { stable, canary }, ...report }: RolloutReport): readonly Cells[] {
  const both = (name: string, read: (counts: SampleCounts, numbers: ArmNumbers) => string): Cells => [
    name,
    read(stable, report.stable),
    read(canary, report.canary),
  ];
  // Object.keys widens to string: the keys are those of the table.
  const reasons = (Object.keys(REASONS) as BadReason[]).filter((reason) => stable.bad[reason] + canary.bad[reason] > 0);
  return [
    both('Assigned', ({ assigned }) => count(assigned)),
    both('Answered', ({ good }) => count(good)),
    both('Failed', ({ bad }) => count(Object.values(bad).reduce((sum, one) => sum + one, 0))),
    ...reasons.map((reason) => both(`· ${REASONS[reason]}`, ({ bad }) => count(bad[reason]))),
    both('Not judged', ({ unjudged }) => count(unjudged)),
    both('In flight', ({ inFlight }) => count(inFlight)),
    both('Error rate', (_, { errorRate }) => percent(errorRate)),
    both('Mean latency', (_, { meanLatencyMs }) => duration(meanLatencyMs)),
    both('Cost per call', (_, { costPerCallUsd }) => usd(costPerCallUsd)),
    ...((report.stable.quality ?? report.canary.quality) === null
      ? []
      : [both('Quality', (_, { quality }) => (quality === null ? '–' : threeDigits(quality)))]),
  ];
}

function recentRows(stable: UpstreamSnapshot, canary: UpstreamSnapshot): readonly Cells[] {
  const both = (name: string, read: (window: UpstreamSnapshot) => string): Cells => [name, read(stable), read(canary)];
  return [
    both('Attempts', ({ attempts }) => count(attempts)),
    both('Error rate', ({ errorRate }) => percent(errorRate)),
    both('Latency p50', ({ latencyMs }) => duration(latencyMs.p50)),
    both('Latency p95', ({ latencyMs }) => duration(latencyMs.p95)),
    both('Latency p99', ({ latencyMs }) => duration(latencyMs.p99)),
    both('First chunk p50', ({ firstChunkMs }) => duration(firstChunkMs.p50)),
    both('First chunk p95', ({ firstChunkMs }) => duration(firstChunkMs.p95)),
    both('Tokens in', ({ inputTokens }) => count(inputTokens)),
    both('Tokens out', ({ outputTokens }) => count(outputTokens)),
    both('Cost per call', ({ costPerCall }) => usd(costPerCall)),
    both('Cost per hour', ({ costPerHour }) => usd(costPerHour)),
  ];
}
