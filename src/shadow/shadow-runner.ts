/** Mirrors calls: chooses them, has their copies sent, and the answers compared. A call never waits for any of it. */

import type { Mirror, MirrorRun } from '../call/call-services.ts';
import { ineligibleReason } from '../call/eligibility.ts';
import type { Call, PlanReason } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import type { ShadowCall, ShadowSample } from '../domain/shadow.ts';
import type { ShadowSnapshot, WindowSnapshot } from '../domain/snapshot.ts';
import { headerEntries } from '../upstream/sdk/secrets.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import { Comparisons, type OnAgreement } from './comparisons.ts';
import { CopySender } from './copy-queue.ts';
import { Copy, MirroredCall } from './mirrored-call.ts';
import type { ShadowPolicy } from './options.ts';
import type { ShadowServices } from './shadow-services.ts';
import { advise, ShadowTarget } from './shadow-target.ts';

export class ShadowRunner implements Mirror {
  readonly #policy: ShadowPolicy;
  readonly #services: ShadowServices;
  readonly #sender: CopySender;
  readonly #comparing: Comparisons;
  readonly #targets: ShadowTarget[] = [];
  #closed = false;

  constructor(policy: ShadowPolicy, services: ShadowServices) {
    this.#policy = policy;
    this.#services = services;
    this.#sender = new CopySender(policy, services);
    this.#comparing = new Comparisons(policy, services);
    for (const [upstream, share] of Object.entries(policy.shares)) this.setShare(upstream, share);
  }

  /** The share of keys that are mirrored to `upstream`, 0–1. */
  share(upstream: string): number {
    return this.#targets.find(({ name }) => name === upstream)?.share ?? 0;
  }

  /** Mirrors another share, 0–1, from the next call on: a larger one adds keys, 0 ends it; what is under way goes on. */
  setShare(upstream: string, share: number): void {
    let target = this.#targets.find(({ name }) => name === upstream);
    if (!target) this.#targets.push((target = new ShadowTarget(upstream, this.#services.salt, this.#services)));
    target.share = share;
  }

  /** Calls `listener` with every agreement; gives the function that ends it. What it throws becomes a `warning`. */
  onComparison(listener: OnAgreement): () => void {
    return this.#comparing.listen(listener);
  }

  /** Disagreements that were kept. */
  get samples(): readonly ShadowSample[] {
    return this.#comparing.samples;
  }

  /** The reader of a call's real answer, where copies of it are sent. `firstAsked` is the upstream of its first attempt. */
  mirror(state: MirrorRun, firstAsked: string): MirroredCall | undefined {
    const { call, plan } = state;
    if (!call.shadow || !call.replayable || this.#closed || TIED.has(plan.reason)) return undefined;
    let copies: Copy[] | undefined;
    for (const target of this.#targets) {
      if (target.name === firstAsked || !target.chooses(call.key, this.#services.random)) continue;
      const copy = this.#copy(target, state);
      if (!copy) continue;
      this.#sender.send(copy);
      (copies ??= []).push(copy);
    }
    if (!copies) return undefined;
    const mirrored = new MirroredCall(call, copies);
    state.recorder.mirrored = mirrored;
    return mirrored;
  }

  /** The numbers of the window that ends at `nowMs`, by upstream; `stable` is what they are held against. */
  snapshot(nowMs: number, stable: WindowSnapshot): Record<string, ShadowSnapshot> {
    const { running, waiting } = this.#sender;
    return Object.fromEntries(
      this.#targets.map(({ name, share, window }) => {
        const numbers = window.snapshot(nowMs);
        return [name, { share, ...numbers, running, waiting, ...advise(numbers, stable) }];
      }),
    );
  }

  /** Ends the copies under way, and begins none any more. */
  close(): void {
    this.#closed = true;
    this.#sender.close();
    this.#comparing.close();
  }

  /** Looks at the call before it copies anything: most of a flood is dropped here. */
  #copy(target: ShadowTarget, { call, source, recorder }: MirrorRun): Copy | undefined {
    const { upstreams, clock } = this.#services;
    const { body } = source.options;
    const upstream = this.#comparing.isAsking ? undefined : upstreams.get(target.name);
    const sideEffects = hasSideEffects(body);
    if (!upstream || ineligibleReason(target.name, call, body, this.#services)) return undefined;
    if (!this.#mayMirror(call, body, sideEffects)) return undefined;
    if (this.#sender.isFull) {
      target.window.drop('full', clock.now());
      return undefined;
    }
    const bodyOfCopy = bodyNow(body);
    return new Copy({
      call,
      view: viewOf(call, bodyOfCopy, sideEffects),
      target,
      upstream,
      options: copyOptions(call, source.options, bodyOfCopy),
      connect: source.connect,
      ledger: recorder,
      abortWithCaller: this.#policy.abortWithCaller,
      onBoth: this.#comparing,
    });
  }

  /** A `when` that throws, or promises, mirrors nothing. */
  #mayMirror(call: Call, body: unknown, sideEffects: boolean): boolean {
    const { when } = this.#policy;
    if (!when) return !sideEffects;
    try {
      const said: unknown = when(viewOf(call, body, sideEffects));
      if (typeof said === 'boolean') return said;
      // A promise is true to `if`, and one that rejects would end the process.
      void Promise.resolve(said).catch(() => undefined);
      throw new TypeError('it should say true or false, at once');
    } catch (error) {
      this.#services.observer.failed('shadow.when', error);
      return false;
    }
  }
}

/** Calls whose upstream is not a matter of choice: it alone knows what they speak of, or the caller wants it so. */
const TIED: ReadonlySet<PlanReason> = new Set(['forced', 'toolRun', 'affinity', 'notPortable']);

function viewOf({ surface, model, stream, task, attributes }: Call, body: unknown, sideEffects: boolean): ShadowCall {
  return { surface, model, stream, task, attributes, body, sideEffects };
}

/* PART: Whether a copy of a call would do more than answer. */

/**
 * Answers that are stored, background work, and tools that the provider runs itself: web search, code, files, MCP servers. A
 * function tool only describes: nobody executes what a copy wants called. A stored prompt belongs to one account, and may bring
 * tools of its own. What is not known is taken for one that acts.
 */
function hasSideEffects(body: unknown): boolean {
  const { store, background, tools, web_search_options: webSearch, prompt } = fields(body);
  if (store === true || background === true) return true;
  if (isPresent(webSearch) || (typeof prompt === 'object' && prompt !== null)) return true;
  return Array.isArray(tools) && tools.some((tool) => !DESCRIPTIONS.has(fields(tool)['type']));
}

/** Tools that the application itself would execute. */
const DESCRIPTIONS: ReadonlySet<unknown> = new Set(['function', 'custom']);

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/* PART: The request of a copy. */

/** The body as it is now: an application goes on with its conversation in the very list that it sent. */
function bodyNow(body: unknown): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = { ...fields(body) };
  for (const name of ['messages', 'input', 'tools']) {
    const list = copy[name];
    if (Array.isArray(list)) copy[name] = [...(list as readonly unknown[])];
  }
  return copy;
}

/**
 * The caller's options with `body`, which `bodyNow` made. The key that makes a request happen only once is left out, since the copy
 * would be taken for the call; an answer of the Responses API, which providers store unless told otherwise, is not stored.
 */
function copyOptions(
  { surface }: Pick<Call, 'surface'>,
  given: RequestOptions,
  body: Readonly<Record<string, unknown>>,
): RequestOptions {
  const stored = surface === 'responses' && body['store'] === undefined ? { ...body, store: false } : body;
  const options: RequestOptions = { ...given, body: stored };
  delete options.idempotencyKey;
  delete options.signal;
  if (given.headers) options.headers = headerEntries(given.headers).filter(([name]) => name !== 'idempotency-key');
  return options;
}
