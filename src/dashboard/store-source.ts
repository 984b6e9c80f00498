/** The page of the rollouts in a store, which other processes lead. */

import { rolloutInStore, type RolloutDecision, type RolloutReport, type Store } from '../index.ts';
import { checkOneOf } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import { rolloutKey } from '../domain/store.ts';
import { latestDecisions } from './decisions.ts';
import type { PageChart } from './page-state.ts';
import { checkSeen, type Sample, type Source } from './source.ts';

const CHARTS = [
  { id: 'evidence', title: 'Evidence for a rollback', unit: 'share' },
  { id: 'errorRate', title: 'Error rate in the step', unit: 'share' },
  { id: 'latency', title: 'Mean latency in the step', unit: 'ms' },
  { id: 'cost', title: 'Cost per call in the step', unit: 'usd' },
] as const satisfies readonly PageChart[];

interface Read {
  readonly reports: readonly RolloutReport[];
  readonly histories: readonly { readonly steps: number; readonly history: readonly RolloutDecision[] }[];
  readonly problems: readonly string[];
}

export function storeSource(store: Store): Source {
  const lines: string[] = [];
  return {
    charts: CHARTS,
    lines: () => lines,
    state: async () => {
      const { reports, histories, problems } = await readAll(store);
      const decisions = latestDecisions({ rollouts: histories, traffic: [], alerts: [] });
      return { atMs: Date.now(), from: 'store', rollouts: reports, problems, decisions };
    },
    sample: async () => sampleOf((await readAll(store)).reports, lines),
    change: async (change) => {
      const { upstream, command } = change;
      checkOneOf('upstream', upstream, await namesIn(store));
      const rollout = rolloutInStore(store, upstream);
      const view = await rollout.read();
      if (view.kind === 'rollout') checkSeen(change, view.report);
      // A rollout that cannot be read can only start again.
      else if (command.verb !== 'retry')
        throw new ConfigError('verb', 'should be retry for a rollout that cannot be read');
      await rollout.ask(command);
    },
    onDecision: (listener) => {
      const stop = store.subscribe?.((key) => {
        if (key.startsWith(rolloutKey(''))) listener();
      });
      return () => stop?.();
    },
  };
}

async function namesIn(store: Store): Promise<readonly string[]> {
  const prefix = rolloutKey('');
  return (await store.keys(prefix)).map((key) => key.slice(prefix.length));
}

async function readAll(store: Store): Promise<Read> {
  const names = await namesIn(store);
  const views = await Promise.all(names.map((name) => rolloutInStore(store, name).read()));
  const found = views.flatMap((view) => (view.kind === 'rollout' ? [view] : []));
  return {
    reports: found.map(({ report }) => report),
    histories: found.map(({ report: { steps }, history }) => ({ steps, history })),
    problems: views.flatMap((view, index) =>
      view.kind === 'unreadable'
        ? [`The rollout to ${names[index]} cannot be read: ${view.why}. Its canary gets no calls until it is retried.`]
        : [],
    ),
  };
}

/** Stable and canary of each rollout have a line. New lines are added to `lines`. */
function sampleOf(reports: readonly RolloutReport[], lines: string[]): Sample {
  const sides = new Map<string, readonly (number | null)[]>();
  for (const { upstream, planned, stable, canary, evidence } of reports) {
    const known = sides.get(planned.stable) ?? [null, stable.errorRate, stable.meanLatencyMs, stable.costPerCallUsd];
    sides.set(planned.stable, known);
    sides.set(upstream, [evidence, canary.errorRate, canary.meanLatencyMs, canary.costPerCallUsd]);
  }
  for (const name of sides.keys()) if (!lines.includes(name)) lines.push(name);
  const values = CHARTS.map((_, chart) => lines.map((name) => sides.get(name)?.[chart] ?? null));
  return { atMs: Date.now(), values };
}
