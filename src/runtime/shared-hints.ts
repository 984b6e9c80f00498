/**
 * Tells the other processes of a store what this one has learnt of an upstream: how long the provider asks to be left alone, and that a breaker
 * has opened or closed. They are hints: a lost one costs nothing, and no process is stopped by the trouble of another.
 */

import { randomUUID } from 'node:crypto';
import type { OpenAI } from 'openai';
import { hashKey } from '../domain/hash-key.ts';
import { fields } from '../domain/json.ts';
import { type Json, listenTo, type Store } from '../domain/store.ts';
import type { Emitter } from '../events/emitter.ts';
import type { BreakerChange } from '../resilience/breaker-states.ts';
import type { Failure } from '../resilience/failure.ts';
import type { Clock } from '../time/clock.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import { revisionOf } from '../upstream/revision.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** The box in the store. */
const BOX = 'hints';
/** The time between two looks at the store, where it does not tell of changes. */
const POLL_MS = 5_000;
/** The longest pause that another process can cause, in ms. */
const MAX_PAUSE_MS = 60_000;
/** A pause that is known is told again if it ends this much later, and a breaker's state after this time. */
const AGAIN_MS = 1_000;
/** How long the opening of another process's breaker counts, in ms. */
const OPENING_MS = 30_000;
/** The other processes whose breakers must have opened: the network of one may be broken. */
const MIN_OPENED = 2;

type Kind = 'pause' | 'open' | 'closed';

export interface SharedHintsInput {
  /** A store that is watched: an operation without an answer fails after ten seconds. */
  readonly store: Store;
  readonly clock: Clock;
  readonly emitter: Emitter;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** The application's client. */
  readonly client: () => OpenAI | undefined;
}

export class SharedHints {
  readonly #input: SharedHintsInput;
  readonly #source: string = randomUUID();
  readonly #ticker: Ticker;
  readonly #stopListening: () => void;
  #afterId = 0;
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  /** By kind, upstream and model: the end of the last pause, or when the last change was told. */
  readonly #known = new Map<string, number>();
  /** By upstream and model: when the breaker of another process opened. */
  readonly #opened = new Map<string, Map<string, number>>();

  constructor(input: SharedHintsInput) {
    const { store, clock } = input;
    this.#input = input;
    this.#ticker = startTicker(clock, POLL_MS, this, (hints) => hints.#look());
    this.#stopListening = listenTo(store, this, (hints, key) => {
      if (key === BOX) hints.#look();
    });
    this.#look();
  }

  /** The provider has refused a call. Only a wait that it states itself concerns the other processes. */
  refused(upstream: string, model: string | undefined, { kind, retryAfterMs }: Failure): void {
    if (kind !== 'rateLimit' || retryAfterMs === undefined || retryAfterMs < AGAIN_MS) return;
    const untilMs = this.#input.clock.now() + Math.min(retryAfterMs, MAX_PAUSE_MS);
    this.#tell('pause', upstream, model, untilMs);
  }

  breakerChanged(upstream: string, model: string | undefined, { from, to }: BreakerChange): void {
    const isNew = from === 'closed' ? to === 'open' : to === 'closed';
    if (isNew) this.#tell(to === 'open' ? 'open' : 'closed', upstream, model, this.#input.clock.now());
  }

  close(): void {
    this.#ticker.stop();
    this.#stopListening();
  }

  #tell(kind: Kind, name: string, model: string | undefined, untilMs: number): void {
    const { store, clock, upstreams } = this.#input;
    const upstream = upstreams.get(name);
    if (!upstream || !this.#isNews(kind, name, model, untilMs)) return;
    const atMs = clock.now();
    const about = { source: this.#source, upstream: this.#accountOf(upstream), model: model ?? null };
    const hint: Json = { ...about, kind, atMs, forMs: untilMs - atMs };
    // What else warns of a store that does not answer says enough.
    Promise.resolve(store.post(BOX, hint)).catch(() => undefined);
  }

  #isNews(kind: Kind, upstream: string, model: string | undefined, untilMs: number): boolean {
    const topic = JSON.stringify([kind, upstream, model]);
    const known = this.#known.get(topic) ?? -Infinity;
    if (untilMs < known + AGAIN_MS) return false;
    const nowMs = this.#input.clock.now();
    // What is over decides nothing. Made-up model names must not fill the memory.
    for (const [other, endMs] of this.#known) if (endMs + AGAIN_MS < nowMs) this.#known.delete(other);
    this.#known.set(topic, untilMs);
    return true;
  }

  /** One look at a time; a notice during a look causes another one. */
  #look(): void {
    if (this.#looking) {
      this.#looksAgain = true;
      return;
    }
    this.#looksAgain = false;
    this.#looking = this.#read()
      .catch(() => undefined)
      .finally(() => {
        this.#looking = undefined;
        if (this.#looksAgain) this.#look();
      });
  }

  async #read(): Promise<void> {
    const messages = await this.#input.store.messages(BOX, this.#afterId);
    for (const { id, message } of messages) {
      this.#afterId = Math.max(this.#afterId, id);
      this.#take(fields(message));
    }
  }

  #take({ source, upstream: account, model: named, kind, atMs, forMs }: ReturnType<typeof fields>): void {
    if (source === this.#source || typeof source !== 'string' || typeof atMs !== 'number' || typeof forMs !== 'number')
      return;
    const upstream = [...this.#input.upstreams.values()].find((each) => this.#accountOf(each) === account);
    if (!upstream) return;
    const nowMs = this.#input.clock.now();
    const model = typeof named === 'string' ? named : undefined;
    if (kind === 'pause') this.#pause(upstream, model, Math.min(forMs, atMs + forMs - nowMs, MAX_PAUSE_MS));
    // The clock of another process may differ; what is much older than a poll says nothing.
    if (Math.abs(nowMs - atMs) > OPENING_MS) return;
    if (kind === 'open') this.#noteOpening(upstream, model, source, nowMs);
    if (kind === 'closed') breakerOf(upstream, model)?.probeEarlier();
  }

  #pause(upstream: Upstream, model: string | undefined, forMs: number): void {
    if (!(forMs > 0)) return;
    const { clock, emitter } = this.#input;
    const atMs = clock.now();
    if (!this.#isNews('pause', upstream.name, model, atMs + forMs)) return;
    const state = upstream.models.of(model);
    if ((state.pause.until(atMs) ?? 0) >= atMs + forMs) return;
    const untilMs = state.pause.pause('rateLimit', forMs);
    emitter.emit('rateLimit', { upstream: upstream.name, model, kind: 'rateLimit', untilMs, atMs, isHint: true });
  }

  #noteOpening(upstream: Upstream, model: string | undefined, source: string, nowMs: number): void {
    const topic = JSON.stringify([upstream.name, model]);
    const opened = this.#opened.get(topic) ?? new Map<string, number>();
    this.#opened.set(topic, opened.set(source, nowMs));
    for (const [other, openings] of this.#opened) {
      for (const [process, atMs] of openings) if (nowMs - atMs > OPENING_MS) openings.delete(process);
      if (openings.size === 0) this.#opened.delete(other);
    }
    if (opened.size >= MIN_OPENED) breakerOf(upstream, model)?.beware(nowMs + OPENING_MS);
  }

  /**
   * Identifies an upstream, its address and its account: what a provider says to one account is true of no other. It is a hash, so that the
   * store holds none of these.
   */
  #accountOf({ name, config }: Upstream): string {
    const { connection } = config;
    const account =
      connection.kind === 'given'
        ? connection.client
        : { ...(connection.kind === 'client' ? identityOf(this.#input.client()) : {}), ...connection.options };
    const keys = connection.kind === 'own' ? connection.keys : undefined;
    const { apiKey, organization, project } = account;
    // A function gives a token that changes.
    const key = typeof apiKey === 'string' ? apiKey : null;
    return hashKey(JSON.stringify([name, revisionOf(config), keys ?? key, organization ?? null, project ?? null]));
  }
}

type Identity = Partial<Pick<OpenAI, 'organization' | 'project'>> & { readonly apiKey?: unknown };

function identityOf(client: OpenAI | undefined): Identity {
  if (!client) return {};
  const { apiKey, organization, project } = client;
  const { _options: options } = client as unknown as { readonly _options?: { readonly apiKey?: unknown } };
  return { apiKey: typeof options?.apiKey === 'function' ? null : apiKey, organization, project };
}

function breakerOf({ models }: Upstream, model: string | undefined): Upstream['models']['all'][number]['breaker'] {
  return models.all.find((state) => state.model === model)?.breaker;
}
