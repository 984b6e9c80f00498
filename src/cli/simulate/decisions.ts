/** What a client decides while calls are sent through it. */

import type { CanaryClient } from '../../index.ts';

/** Something that was decided. */
export interface Decision {
  readonly afterMs: number;
  readonly event: string;
  readonly text: string;
}

/** Alerts, breakers and the course of the rollouts, as they come; times count from `startMs`. */
export function watchDecisions(ai: CanaryClient, startMs: number): readonly Decision[] {
  const decisions: Decision[] = [];
  const note = (event: string, atMs: number, text: string): void => {
    decisions.push({ afterMs: atMs - startMs, event, text });
  };
  ai.canary.on('alert', ({ name, state, value, atMs }) =>
    note('alert', atMs, `${name} is ${state} at ${value === null ? '–' : Number(value.toPrecision(3))}`),
  );
  // One that stays open for longer tells that, too.
  ai.canary.on('breaker', ({ upstream, from, to, atMs }) => {
    if (from !== to) note('breaker', atMs, `${upstream} is ${to}`);
  });
  for (const event of ['step', 'pause', 'promote', 'rollback'] as const) {
    ai.canary.on(event, ({ upstream, reason, atMs }) => note(event, atMs, `${upstream}: ${reason}`));
  }
  return decisions;
}
