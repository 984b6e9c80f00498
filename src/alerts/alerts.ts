/** Everything about alerts: the rules that are looked at, what is remembered, and who is told. */

import type { Alert, AlertReport } from '../domain/alert.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { AlertWatch, type AlertWatchParts } from './evaluate-rules.ts';
import { alertNotice, rollbackNotice, Webhook, type WebhookPolicy } from './webhook.ts';

export interface AlertsParts extends AlertWatchParts {
  readonly webhook: WebhookPolicy | undefined;
  readonly random: () => number;
}

/** How often alert rules are looked at, in ms: a rollback does not wait for the next `metrics` event. */
const INTERVAL_MS = 1_000;

export class Alerts {
  readonly #history = new AlertHistory();
  readonly #watch: AlertWatch | undefined;
  readonly #ticker: Ticker | undefined;
  readonly #webhook: Webhook | undefined;

  constructor(parts: AlertsParts) {
    const { emitter, rules, clock } = parts;
    const history = this.#history;
    // Whoever raises an alert, it is remembered and told.
    emitter.on('alert', (alert) => history.add(alert));
    this.#webhook = startWebhook(parts);
    if (rules.length === 0) return;
    this.#watch = new AlertWatch(parts);
    this.#ticker = startTicker(clock, INTERVAL_MS, this, Alerts.#look);
  }

  get report(): AlertReport {
    return { rules: this.#watch?.statuses ?? [], history: this.#history.latest };
  }

  /** Not a closure of the constructor: that would hold the engine as long as its timer runs. */
  static #look(this: void, alerts: Alerts): void {
    alerts.#watch?.look();
  }

  close(): void {
    this.#ticker?.stop();
    this.#webhook?.close();
  }
}

function startWebhook({ webhook, emitter, warnings, clock, random }: AlertsParts): Webhook | undefined {
  if (!webhook) return undefined;
  const failed = (message: string): void => warnings.once(message, { code: 'webhook', message, atMs: clock.now() });
  const told = new Webhook(webhook, { clock, random, failed, send: (url, init) => fetch(url, init) });
  emitter.on('alert', (alert) => told.tell(alertNotice(alert)));
  emitter.on('rollback', (event) => told.tell(rollbackNotice(event)));
  return told;
}

/* PART: The latest alerts. */

/** Alerts that are remembered. */
const MAX_ALERTS = 200;

/** Alerts in the order in which they came; the oldest give way. */
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
