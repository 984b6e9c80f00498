/** The page of a client in this process. */

import type { CanaryClient, CanaryEventName, RolloutCommand, RolloutControl, ShadowSample } from '../index.ts';
import { checkOneOf } from '../domain/check.ts';
import { ROLLOUT_CHANGES } from '../domain/rollout.ts';
import { latestDecisions } from './decisions.ts';
import type { PageAnswer, PageChart, PagePair, PageQuestion, PageText, PageTraffic } from './page-state.ts';
import { checkSeen, type Sample, type Source, type SourceState } from './source.ts';

const CHARTS = [
  { id: 'calls', title: 'Calls by assigned upstream', unit: 'perSecond' },
  { id: 'errorRate', title: 'Error rate', unit: 'share' },
  { id: 'latency', title: 'p95 latency', unit: 'ms' },
  { id: 'cost', title: 'Cost per call', unit: 'usd' },
] as const satisfies readonly PageChart[];

/** What a page should show at once. */
const DECISIONS = [...ROLLOUT_CHANGES, 'breaker', 'alert'] as const satisfies readonly CanaryEventName[];

type Canary = CanaryClient['canary'];

export function clientSource({ canary }: Pick<CanaryClient, 'canary'>): Source {
  const names = Object.keys(canary.snapshot().upstreams);
  const counter = new CallCounter(canary, names);
  return {
    charts: CHARTS,
    lines: () => names,
    state: async () => stateOf(canary),
    sample: async () => sampleOf(canary, names, counter),
    change: async (change) => {
      const control = rolloutTo(canary, change.upstream);
      checkSeen(change, control.state);
      carryOut(control, change.command);
    },
    explain: (question) => explain(canary, question),
    pairs: () => canary.shadow.samples().slice(-MAX_PAIRS).toReversed().map(pairOf),
    onDecision: (listener) => {
      for (const name of DECISIONS) canary.on(name, listener);
      return () => {
        for (const name of DECISIONS) canary.off(name, listener);
        counter.close();
      };
    },
  };
}

function rolloutTo({ rollouts }: Canary, upstream: string): RolloutControl {
  const controls: Readonly<Record<string, RolloutControl>> = rollouts;
  return controls[checkOneOf('upstream', upstream, Object.keys(controls))]!;
}

function stateOf(canary: Canary): SourceState {
  const controls: readonly RolloutControl[] = Object.values(canary.rollouts);
  const reports = controls.map(({ state }) => state);
  const snapshot = canary.snapshot();
  const { sinceMs, total } = canary.costs();
  const traffic: PageTraffic = {
    windowMs: snapshot.windowMs,
    stable: reports[0]?.planned.stable,
    upstreams: snapshot.upstreams,
    budgets: snapshot.budgets,
    shadow: snapshot.shadow ?? {},
    costs: { sinceMs, costUsd: total.costUsd, savingsUsd: total.savingsUsd, unpriced: total.unpriced },
  };
  const decisions = latestDecisions({
    rollouts: controls.map(({ state: { steps }, history }) => ({ steps, history })),
    traffic: canary.history,
    alerts: canary.alerts.history,
  });
  return { atMs: snapshot.atMs, from: 'process', rollouts: reports, problems: [], decisions, traffic };
}

function sampleOf(canary: Canary, names: readonly string[], counter: CallCounter): Sample {
  const { atMs, upstreams } = canary.snapshot();
  const windows = names.map((name) => upstreams[name]!);
  const values = [
    counter.perSecond(atMs),
    windows.map(({ errorRate }) => errorRate),
    windows.map(({ latencyMs }) => latencyMs.p95),
    windows.map(({ costPerCall }) => costPerCall),
  ];
  return { atMs, values };
}

/** Counts calls by the upstream that they were assigned to. */
class CallCounter {
  readonly close: () => void;
  readonly #counts: Map<string, number>;
  #sinceMs: number | undefined;

  constructor(canary: Canary, names: readonly string[]) {
    const counts = new Map(names.map((name) => [name, 0]));
    const count = ({ assigned }: { readonly assigned: string }): void =>
      void counts.set(assigned, (counts.get(assigned) ?? 0) + 1);
    canary.on('call', count);
    this.#counts = counts;
    this.close = () => void canary.off('call', count);
  }

  /** The calls per second since the last call of this method; `null` at the first. */
  perSecond(nowMs: number): (number | null)[] {
    const seconds = this.#sinceMs === undefined ? 0 : (nowMs - this.#sinceMs) / 1_000;
    const rates = [...this.#counts.values()].map((count) => (seconds > 0 ? count / seconds : null));
    for (const name of this.#counts.keys()) this.#counts.set(name, 0);
    this.#sinceMs = nowMs;
    return rates;
  }
}

/** Carries out a command through the control of a rollout. */
function carryOut(control: RolloutControl, command: RolloutCommand): void {
  switch (command.verb) {
    case 'promote':
      return control.promote({ full: command.full });
    case 'pause':
      return control.pause(command.reason);
    case 'rollback':
      return control.rollback({ reason: command.reason, to: command.to });
    case 'setWeight':
      return control.setWeight(command.weight);
    case 'resume':
    case 'retry':
    case 'undo':
      return control[command.verb]();
    default:
      return command satisfies never;
  }
}

function explain(canary: Canary, question: PageQuestion): PageAnswer {
  return canary.explain(question);
}

const MAX_PAIRS = 20;
/** Characters of an answer that the page shows. */
const MAX_TEXT = 2_000;

function pairOf({ atMs, call, comparison, real, shadow }: ShadowSample): PagePair {
  const { agreement } = comparison;
  return { atMs, model: call.model, agreement, real: textOf(real), shadow: textOf(shadow) };
}

function textOf({ upstream, text, toolCalls, latencyMs }: ShadowSample['real']): PageText {
  const calls = toolCalls.map(({ name, arguments: given }) => `${name}(${given})`);
  const whole = [text, ...calls].filter((part) => part !== '').join('\n');
  return { upstream, text: whole.length > MAX_TEXT ? `${whole.slice(0, MAX_TEXT)} …` : whole, latencyMs };
}
