/** The latest alerts. */

import type { Alert } from '../domain/alert.ts';

/** Alerts that are remembered. */
const MAX_ALERTS = 200;

/** Alerts in the order in which they came; the oldest give way. */
export class AlertHistory {
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
