/** What the server sends to the page. Plain data, without keys, headers, or bodies. */

import type {
  BudgetSnapshot,
  Explanation,
  RolloutCommand,
  RolloutPhase,
  RolloutReport,
  ShadowSnapshot,
  UpstreamSnapshot,
} from '../index.ts';

/** Everything that the page shows but its charts. */
export interface PageState {
  readonly atMs: number;
  /** `process`: the numbers of one process. `store`: what a store has of the rollouts of its processes. */
  readonly from: 'process' | 'store';
  /** Whether buttons are offered. */
  readonly canChange: boolean;
  /** Whether pairs of answers can be asked for. */
  readonly hasSamples: boolean;
  readonly rollouts: readonly RolloutReport[];
  /** What cannot be read, and similar problems. */
  readonly problems: readonly string[];
  /** The latest first. */
  readonly decisions: readonly PageDecision[];
  /** Only from a process. */
  readonly traffic?: PageTraffic | undefined;
}

/** The numbers of a process. */
export interface PageTraffic {
  readonly windowMs: number;
  readonly stable: string | undefined;
  readonly upstreams: Readonly<Record<string, UpstreamSnapshot>>;
  readonly budgets: readonly BudgetSnapshot[];
  readonly shadow: Readonly<Record<string, ShadowSnapshot | undefined>>;
  readonly costs: {
    readonly sinceMs: number;
    readonly costUsd: number;
    readonly savingsUsd: number;
    readonly unpriced: number;
  };
}

/** A decision on a rollout, a change of the split, or an alert. */
export interface PageDecision {
  readonly atMs: number;
  readonly kind: 'step' | 'promote' | 'rollback' | 'pause' | 'resume' | 'restart' | 'weights' | 'alert' | 'resolved';
  /** The canary, or the upstream of an alert; empty if it is about all of them. */
  readonly upstream: string;
  /** Who decided: the evidence, a rule, a person. */
  readonly by: string;
  /** What changed: `step 2 of 4 → step 3 of 4`. */
  readonly change: string;
  readonly reason: string;
}

/** A chart, by the unit of its axis. */
export interface PageChart {
  readonly id: string;
  readonly title: string;
  readonly unit: 'perSecond' | 'share' | 'ms' | 'usd';
}

/** The numbers of the charts at times, by chart and line. */
export interface PageSamples {
  /** Forget earlier samples: these are all that the server has. */
  readonly reset: boolean;
  readonly charts: readonly PageChart[];
  /** The upstreams, each a line in every chart. */
  readonly lines: readonly string[];
  /** Times in ms since the Unix epoch, ascending. */
  readonly atMs: readonly number[];
  /** `values[chart][line][time]`; `null` where nothing is known. */
  readonly values: readonly (readonly (readonly (number | null)[])[])[];
}

/** A change that the page asks for. */
export interface PageChange {
  readonly upstream: string;
  readonly command: RolloutCommand;
  /** What the person saw when they confirmed. If the rollout is elsewhere by now, nothing changes. */
  readonly seen: { readonly phase: RolloutPhase; readonly step: number; readonly run: number };
}

/** A call whose way is asked for. */
export interface PageQuestion {
  readonly key?: string | undefined;
  readonly model?: string | undefined;
  readonly task?: string | undefined;
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** The way of a call. */
export type PageAnswer = Explanation;

/** Two answers that disagree. */
export interface PagePair {
  readonly atMs: number;
  readonly model: string | undefined;
  readonly agreement: number | null;
  readonly real: PageText;
  readonly shadow: PageText;
}

/** The text of an answer, cut to a readable length. */
export interface PageText {
  readonly upstream: string;
  readonly text: string;
  readonly latencyMs: number;
}
