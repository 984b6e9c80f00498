/** Where the page has its numbers from, and what carries out its changes. */

import type { PageAnswer, PageChange, PageChart, PagePair, PageQuestion, PageState } from './page-state.ts';

/** The part of the state that the source knows. */
export type SourceState = Omit<PageState, 'canChange' | 'hasSamples'>;

/** One time of the charts: `values[chart][line]`. */
export interface Sample {
  readonly atMs: number;
  readonly values: readonly (readonly (number | null)[])[];
}

export interface Source {
  readonly charts: readonly PageChart[];
  /** The names of the lines of every chart; more may appear at the end. */
  readonly lines: () => readonly string[];
  readonly state: () => Promise<SourceState>;
  readonly sample: () => Promise<Sample>;
  /**
   * @throws StaleError if the rollout is not where the person saw it
   * @throws RolloutError if the verb is not possible in its phase
   * @throws ConfigError for an unknown rollout or a value out of range
   */
  readonly change: (change: PageChange) => Promise<void>;
  /** Missing where no call can be explained. */
  readonly explain?: (question: PageQuestion) => PageAnswer;
  /** Missing where no answers are kept. */
  readonly pairs?: () => readonly PagePair[];
  /** Calls `listener` after a decision, until the returned function is called. */
  readonly onDecision: (listener: () => void) => () => void;
}

/** The rollout has moved since the person looked. */
export class StaleError extends Error {}

/** @throws StaleError */
export function checkSeen(
  { upstream, seen }: PageChange,
  now: { readonly phase: string; readonly step: number; readonly run: number },
): void {
  if (seen.phase === now.phase && seen.step === now.step && seen.run === now.run) return;
  throw new StaleError(`The rollout to ${upstream} has moved since you looked. Nothing was changed: look again.`);
}
