/** Sends alerts and rollbacks to a webhook, one after another and in the background. */

import { createHmac, randomUUID } from 'node:crypto';
import { backoffMs } from '../resilience/retry.ts';
import type { Clock } from '../time/clock.ts';
import type { Notice } from './notices.ts';
import { noticeRequest, type NoticeRequest, type WebhookFormat } from './webhook-formats.ts';

/** The resolved option `canary.webhook`. */
export interface WebhookPolicy {
  /** An https URL, or http on the loopback interface. It is often a secret, so only its origin is ever shown. */
  readonly url: string;
  readonly format: WebhookFormat;
  /** Signs each request, so that the receiver can verify the sender. */
  readonly secret: string | undefined;
  /** The integration key of PagerDuty: a secret. */
  readonly routingKey?: string | undefined;
  /** The time limit of one attempt. */
  readonly timeoutMs: number;
  /** Attempts per notice. */
  readonly attempts: number;
}

export interface WebhookParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly post: typeof fetch;
  /** Called with a message when a notice is dropped. */
  readonly failed: (message: string) => void;
  /** Whether this process is the one to tell of a rollback of the upstream. @default it is */
  readonly claims?: ((upstream: string) => Promise<boolean>) | undefined;
}

/** The queue holds this many notices; beyond that the oldest are dropped. */
const MAX_QUEUED = 100;
const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;

export class Webhook {
  readonly #policy: WebhookPolicy;
  readonly #parts: WebhookParts;
  readonly #queue: Notice[] = [];
  #isSending = false;
  /** Set by `close()`: all queued notices together then have the time of one attempt. */
  #endsAtMs = Infinity;
  /** Ends the wait before the next attempt. */
  #endWait: (() => void) | undefined;

  constructor(policy: WebhookPolicy, parts: WebhookParts) {
    this.#policy = policy;
    this.#parts = parts;
  }

  /** Queues a notice and returns at once. Notices are sent in order. */
  send(notice: Notice): void {
    this.#queue.push(notice);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.#parts.failed(
        `More than ${MAX_QUEUED} notices are queued for the webhook at ${this.#origin}; the oldest are dropped`,
      );
    }
    if (!this.#isSending) void this.#sendQueued();
  }

  /** Sends each queued notice once more. All together have the time of one attempt. */
  close(): void {
    const { clock } = this.#parts;
    this.#endsAtMs = Math.min(this.#endsAtMs, clock.now() + this.#policy.timeoutMs);
    this.#endWait?.();
  }

  async #sendQueued(): Promise<void> {
    this.#isSending = true;
    for (let notice = this.#queue.shift(); notice; notice = this.#queue.shift()) await this.#deliver(notice);
    this.#isSending = false;
  }

  async #deliver(notice: Notice): Promise<void> {
    const { attempts, format, routingKey } = this.#policy;
    if (notice.type === 'rollback' && (await this.#parts.claims?.(notice.upstream)) === false) return;
    const id = randomUUID();
    const request = noticeRequest(notice, format, { id, routingKey });
    for (let attempt = 0; ; attempt += 1) {
      const problem = await this.#post(request, id);
      if (problem === undefined) return;
      if (!problem.retryable || attempt + 1 >= attempts || this.#endsAtMs !== Infinity) {
        return this.#parts.failed(`The webhook at ${this.#origin} ${problem.text}; a notice was dropped`);
      }
      await this.#wait(attempt);
    }
  }

  /** Makes one attempt. Returns why it failed, and whether a retry may succeed. */
  async #post(
    { contentType, body }: NoticeRequest,
    id: string,
  ): Promise<{ readonly text: string; readonly retryable: boolean } | undefined> {
    const { clock, post } = this.#parts;
    const { url } = this.#policy;
    const timeoutMs = Math.min(this.#policy.timeoutMs, this.#endsAtMs - clock.now());
    if (timeoutMs <= 0) return { text: 'did not answer before the client was closed', retryable: false };
    const controller = new AbortController();
    const timer = clock.setTimeout(() => controller.abort(), timeoutMs);
    try {
      // A redirect could send the notice and its signature to an unknown host.
      const init = {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': contentType, ...this.#headers(body, id) },
        body,
      } as const;
      const response = await post(url, { ...init, signal: controller.signal });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const { status } = response;
      return { text: `answered ${status}`, retryable: status >= 500 || status === 429 || status === 408 };
    } catch {
      // The error of `fetch` is not shown: it may contain the URL.
      return {
        text: controller.signal.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached',
        retryable: true,
      };
    } finally {
      timer.cancel();
    }
  }

  /** The signature is the hexadecimal HMAC-SHA-256 of `<timestamp>.<body>`. All attempts of a notice share its id. */
  #headers(body: string, id: string): Record<string, string> {
    const { secret } = this.#policy;
    const headers = { 'x-canary-delivery': id };
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
      this.#endWait = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#endWait = undefined;
  }

  get #origin(): string {
    return new URL(this.#policy.url).origin;
  }
}
