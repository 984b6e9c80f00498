/** The alerts of a client: evaluates the rules, keeps the latest alerts, and sends them to the webhook. */

import { randomUUID } from 'node:crypto';
import type { Alert, AlertReport } from '../domain/alert.ts';
import type { Store } from '../domain/store.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { withTimeout } from '../time/wait.ts';
import { AlertWatch, type AlertWatchParts } from './evaluate-rules.ts';
import { alertNotice, rollbackNotice } from './notices.ts';
import { Webhook, type WebhookParts, type WebhookPolicy } from './webhook.ts';

export interface AlertsParts extends AlertWatchParts {
  readonly webhook: WebhookPolicy | undefined;
  readonly random: () => number;
  /** Settles which of the processes that share it tells of a rollback; `undefined` without one. */
  readonly store: Store | undefined;
}

/** How often alert rules are evaluated, in ms: more often than `metrics` events, so that a rollback comes early. */
const INTERVAL_MS = 1_000;

export class Alerts {
  readonly #history = new AlertHistory();
  readonly #watch: AlertWatch | undefined;
  readonly #ticker: Ticker | undefined;
  readonly #webhook: Webhook | undefined;

  constructor(parts: AlertsParts) {
    const { emitter, rules, clock } = parts;
    const history = this.#history;
    // Not only rules raise alerts: pauses and rollouts do, too.
    emitter.on('alert', (alert) => history.add(alert));
    this.#webhook = startWebhook(parts);
    if (rules.length === 0) return;
    this.#watch = new AlertWatch(parts);
    this.#ticker = startTicker(clock, INTERVAL_MS, this, Alerts.#look);
  }

  get report(): AlertReport {
    return { rules: this.#watch?.statuses ?? [], history: this.#history.latest };
  }

  /** Static, not a closure: a closure would keep the engine alive as long as the timer runs. */
  static #look(this: void, alerts: Alerts): void {
    alerts.#watch?.look();
  }

  close(): void {
    this.#ticker?.stop();
    this.#webhook?.close();
  }
}

function startWebhook(parts: AlertsParts): Webhook | undefined {
  const { webhook, emitter, warnings, clock, random, rules, traffic } = parts;
  if (!webhook) return undefined;
  const failed = (message: string): void => warnings.once(message, { code: 'webhook', message, atMs: clock.now() });
  const post: WebhookParts['post'] = (url, init) => fetch(url, init);
  const sender = new Webhook(webhook, { clock, random, failed, post, claims: claimsIn(parts) });
  // One notice for one rollback: it names the rule, so its alert would say nothing new, also in a process that is told of the rollback.
  const belongsToRollback = ({ name, state, upstream = '' }: Alert): boolean => {
    const isAlone = upstream === traffic.stable && traffic.weights[upstream] === 1;
    const acts = rules.some((rule) => rule.name === name && rule.action === 'rollback');
    return state === 'firing' && acts && !isAlone && (traffic.reaches(upstream) || traffic.isRolledBack(upstream));
  };
  const untold = new Set<string>();
  emitter.on('alert', (alert) => {
    const { name, state } = alert;
    if (belongsToRollback(alert)) untold.add(name);
    else if (state !== 'resolved' || !untold.delete(name)) sender.send(alertNotice(alert));
  });
  emitter.on('rollback', (event) => {
    if (event.decidedHere) sender.send(rollbackNotice(event));
  });
  return sender;
}

/** Processes whose rules fire on the same incident do so within seconds. */
const CLAIM_MS = 10_000;
const CLAIM_TIMEOUT_MS = 2_000;

/** Of the processes of a store that decide on the same rollback at once, the first one tells. Without an answer of the store each one does. */
function claimsIn({ store, clock }: AlertsParts): WebhookParts['claims'] {
  if (!store) return undefined;
  const holder = randomUUID();
  return async (upstream) => {
    try {
      const lease = store.lease(`webhook:${upstream}`, holder, CLAIM_MS);
      return (await withTimeout(lease, CLAIM_TIMEOUT_MS, clock)) !== undefined;
    } catch {
      return true;
    }
  };
}

/** The history keeps this many alerts. */
const MAX_ALERTS = 200;

/** The latest alerts; the oldest are dropped. */
class AlertHistory {
  readonly #alerts: Alert[] = [];

  add(alert: Alert): void {
    this.#alerts.push(alert);
    if (this.#alerts.length > MAX_ALERTS) this.#alerts.shift();
  }

  /** Oldest first. */
  get latest(): readonly Alert[] {
    return [...this.#alerts];
  }
}
