/** Looks at the alert rules and does what they say. */

import type { Alert, AlertRule, AlertStatus } from '../domain/alert.ts';
import type { Clock } from '../time/clock.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Emitter } from '../events/emitter.ts';
import { createAlertRules, type AlertRules } from './alert-rules.ts';
import { readMetric } from './read-metric.ts';
import type { Traffic } from '../routing/traffic.ts';
import type { Warnings } from '../events/warnings.ts';

export interface AlertWatchParts {
  readonly rules: readonly AlertRule[];
  readonly snapshot: () => Snapshot;
  readonly traffic: Traffic;
  /** Who takes back an upstream that is under a rollout. */
  readonly rollouts?: { rollBackByRule(upstream: string, reason: string): boolean } | undefined;
  readonly emitter: Emitter;
  readonly warnings: Warnings;
  readonly clock: Clock;
}

/** More time than this between two looks was not watched, in ms: the machine slept, or the event loop was blocked. */
const LONGEST_GAP_MS = 10_000;

export class AlertWatch {
  readonly #parts: AlertWatchParts;
  readonly #rules: AlertRules;
  #lookedAtMs: number;
  /** How long a condition must hold counts in time that was watched. */
  #watchedMs = 0;

  constructor(parts: AlertWatchParts) {
    this.#parts = parts;
    this.#rules = createAlertRules(parts.rules);
    this.#lookedAtMs = parts.clock.now();
  }

  /** Where each rule stood at the last look. */
  get statuses(): readonly AlertStatus[] {
    return this.#rules.statuses;
  }

  /** Looks once; emits `alert` for what fires or resolves, and `rollback` for what is rolled back. */
  look(): void {
    const { snapshot, emitter, clock } = this.#parts;
    const nowMs = clock.now();
    // A clock of the user's own may be set back.
    this.#watchedMs += Math.max(0, Math.min(nowMs - this.#lookedAtMs, LONGEST_GAP_MS));
    this.#lookedAtMs = nowMs;
    const numbers = snapshot();
    const read = ({ metric, upstream }: AlertRule) => readMetric(metric, upstream, numbers);
    for (const { rule, alert: watched } of this.#rules.evaluate(this.#watchedMs, read)) {
      const alert = { ...watched, atMs: nowMs };
      emitter.emit('alert', alert);
      if (alert.state === 'firing' && rule.action === 'rollback') this.#rollback(rule, alert);
    }
  }

  #rollback({ name, metric, upstream, bound }: AlertRule, { value, calls, atMs }: Alert): void {
    const { traffic, rollouts, emitter, warnings } = this.#parts;
    // A rule with this action names an upstream, and one without a value does not fire.
    if (upstream === undefined || value === null) return;
    const limit = 'above' in bound ? `above ${bound.above}` : `below ${bound.below}`;
    const reason = `${name}: ${metric} ${Number(value.toPrecision(3))} is ${limit} over ${calls} calls`;
    if (rollouts?.rollBackByRule(upstream, reason) || !traffic.weights[upstream]) return;
    const change = traffic.rollback(upstream, reason, atMs);
    if (!change) {
      const message = `${reason}, but no other upstream can take over from ${upstream}`;
      // Its numbers differ each time.
      warnings.once(`rollback: ${name}`, { code: 'rollback', message, atMs });
      return;
    }
    const { weightsBefore, weightsAfter } = change;
    const evidence = { rule: name, metric, value, bound, calls };
    emitter.emit('rollback', { upstream, reason, ...evidence, weightsBefore, weightsAfter, atMs });
  }
}
