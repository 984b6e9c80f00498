/** Tells alerts to somebody's web address, one after another, and never in the way of a call. */

import { createHmac, randomUUID } from 'node:crypto';
import type { Alert } from '../domain/alert.ts';
import type { RollbackEvent } from '../domain/events.ts';
import { backoffMs } from '../resilience/retry.ts';
import type { Clock } from '../time/clock.ts';

/** Where notices go, and how hard they are tried. */
export interface WebhookPolicy {
  /** Https, or the loopback interface. Often a secret itself: never shown but for its origin. */
  readonly url: string;
  readonly format: WebhookFormat;
  /** Signs each request, so that its receiver knows who sent it. */
  readonly secret: string | undefined;
  /** For one try. */
  readonly timeoutMs: number;
  /** Tries of one notice. */
  readonly attempts: number;
}

export interface WebhookParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: typeof fetch;
  /** Called for a notice that was given up. */
  readonly failed: (message: string) => void;
}

/** Notices that wait; beyond it the oldest give way. */
const MAX_WAITING = 100;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

export class Webhook {
  readonly #policy: WebhookPolicy;
  readonly #parts: WebhookParts;
  readonly #waiting: Notice[] = [];
  #working = false;
  /** Set by closing: for what waits then there is the time of one try, of all together. */
  #endsAtMs = Infinity;
  /** Ends the wait before the next try. */
  #hurry: (() => void) | undefined;

  constructor(policy: WebhookPolicy, parts: WebhookParts) {
    this.#policy = policy;
    this.#parts = parts;
  }

  /** Returns at once; notices arrive in this order. */
  tell(notice: Notice): void {
    this.#waiting.push(notice);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#parts.failed(
        `More than ${MAX_WAITING} notices wait for the webhook at ${this.#origin}: the oldest are dropped`,
      );
    }
    if (!this.#working) void this.#work();
  }

  /** What waits is tried once more, for as long as one try may take. */
  close(): void {
    const { clock } = this.#parts;
    this.#endsAtMs = Math.min(this.#endsAtMs, clock.now() + this.#policy.timeoutMs);
    this.#hurry?.();
  }

  async #work(): Promise<void> {
    this.#working = true;
    for (let notice = this.#waiting.shift(); notice; notice = this.#waiting.shift()) await this.#deliver(notice);
    this.#working = false;
  }

  async #deliver(notice: Notice): Promise<void> {
    const { attempts, format } = this.#policy;
    const body = noticeBody(notice, format);
    const id = randomUUID();
    for (let attempt = 0; ; attempt += 1) {
      const problem = await this.#post(body, id);
      if (problem === undefined) return;
      if (!problem.again || attempt + 1 >= attempts || this.#endsAtMs !== Infinity) {
        return this.#parts.failed(`The webhook at ${this.#origin} ${problem.text}: a notice was given up`);
      }
      await this.#wait(attempt);
    }
  }

  /** What was wrong with a try, and whether another may go better. */
  async #post(body: string, id: string): Promise<{ readonly text: string; readonly again: boolean } | undefined> {
    const { clock, send } = this.#parts;
    const { url } = this.#policy;
    const timeoutMs = Math.min(this.#policy.timeoutMs, this.#endsAtMs - clock.now());
    if (timeoutMs <= 0) return { text: 'had no time left', again: false };
    const controller = new AbortController();
    const timer = clock.setTimeout(() => controller.abort(), timeoutMs);
    try {
      // A redirect would take the notice, and its signature, to who knows where.
      const init = { method: 'POST', redirect: 'manual', headers: this.#headers(body, id), body } as const;
      const response = await send(url, { ...init, signal: controller.signal });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const { status } = response;
      return { text: `answered ${status}`, again: status >= 500 || status === 429 || status === 408 };
    } catch {
      // The error of a fetch may show the address.
      return {
        text: controller.signal.aborted ? `did not answer in ${timeoutMs} ms` : 'cannot be reached',
        again: true,
      };
    } finally {
      timer.cancel();
    }
  }

  /** The signature is HMAC-SHA-256 of `<timestamp>.<body>` in hex; the id is that of the notice, the same for all its tries. */
  #headers(body: string, id: string): Record<string, string> {
    const { secret } = this.#policy;
    const headers = { 'content-type': 'application/json', 'x-canary-delivery': id };
    if (secret === undefined) return headers;
    const timestamp = String(Math.floor(this.#parts.clock.now() / 1_000));
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    return { ...headers, 'x-canary-timestamp': timestamp, 'x-canary-signature': `sha256=${signature}` };
  }

  async #wait(attempt: number): Promise<void> {
    const { clock, random } = this.#parts;
    const delayMs = backoffMs({ attempt, minDelayMs: MIN_DELAY_MS, maxDelayMs: MAX_DELAY_MS, random });
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, delayMs);
      this.#hurry = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#hurry = undefined;
  }

  get #origin(): string {
    return new URL(this.#policy.url).origin;
  }
}

/* PART: What a webhook is told: names and numbers, in the shape that its receiver takes. */

/** An alert, or a rollback. */
export type Notice =
  ({ readonly type: 'alert' } & Alert) | ({ readonly type: 'rollback' } & Pick<RollbackEvent, RollbackField>);

type RollbackField = 'upstream' | 'reason' | 'weightsBefore' | 'weightsAfter' | 'atMs';

/** The whole as JSON, or a message as Slack and its kin take it: `{ text }`. */
export type WebhookFormat = 'json' | 'slack';

export function alertNotice(alert: Alert): Notice {
  return { type: 'alert', ...alert };
}

export function rollbackNotice({ upstream, reason, weightsBefore, weightsAfter, atMs }: RollbackEvent): Notice {
  return { type: 'rollback', upstream, reason, weightsBefore, weightsAfter, atMs };
}

/** The body of the request that tells `notice`. */
function noticeBody(notice: Notice, format: WebhookFormat): string {
  return JSON.stringify(format === 'json' ? notice : { text: escaped(sentenceOf(notice)) });
}

function sentenceOf(notice: Notice): string {
  if (notice.type === 'rollback') return `:rewind: *${notice.upstream}* was rolled back: ${notice.reason}`;
  const { name, state, severity } = notice;
  const sign = state === 'resolved' ? ':white_check_mark:' : severity === 'critical' ? ':red_circle:' : ':warning:';
  return `${sign} *${name}* is ${state} (${severity}): ${readingOf(notice)}`;
}

function readingOf({ metric, upstream, value, bound, calls }: Alert): string {
  const of = upstream === undefined ? '' : ` of ${upstream}`;
  if (value === null) return `${metric}${of}`;
  return `${metric}${of} is ${Number(value.toPrecision(4))}${boundText(bound)} over ${calls} calls`;
}

function boundText(bound: Alert['bound']): string {
  if (!bound) return '';
  return 'above' in bound ? `, bound: above ${bound.above},` : `, bound: below ${bound.below},`;
}

/** Slack's three control characters (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
