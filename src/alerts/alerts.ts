/** The alerts of a client: evaluates the rules, keeps the latest alerts, and sends them to the webhook. */

import type { Alert, AlertReport } from '../domain/alert.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { AlertWatch, type AlertWatchParts } from './evaluate-rules.ts';
import { alertNotice, rollbackNotice, Webhook, type WebhookPolicy } from './webhook.ts';

export interface AlertsParts extends AlertWatchParts {
  readonly webhook: WebhookPolicy | undefined;
  readonly random: () => number;
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

function startWebhook({ webhook, emitter, warnings, clock, random, rules, traffic }: AlertsParts): Webhook | undefined {
  if (!webhook) return undefined;
  const failed = (message: string): void => warnings.once(message, { code: 'webhook', message, atMs: clock.now() });
  const sender = new Webhook(webhook, { clock, random, failed, post: (url, init) => fetch(url, init) });
  // One notice for one rollback: it names the rule, so its alert would say nothing new.
  const willRollBack = ({ name, state, upstream = '' }: Alert): boolean => {
    const isAlone = upstream === traffic.stable && traffic.weights[upstream] === 1;
    const acts = rules.some((rule) => rule.name === name && rule.action === 'rollback');
    return state === 'firing' && acts && traffic.reaches(upstream) && !isAlone;
  };
  emitter.on('alert', (alert) => {
    if (!willRollBack(alert)) sender.send(alertNotice(alert));
  });
  emitter.on('rollback', (event) => sender.send(rollbackNotice(event)));
  return sender;
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
