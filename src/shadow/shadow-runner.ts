/** Mirrors calls: chooses calls, sends copies and compares the answers. A call never waits for its copies. */

import type { Mirror, MirrorRun } from '../call/call-services.ts';
import { ineligibleReason } from '../call/eligibility.ts';
import type { Call, PlanReason } from '../domain/call.ts';
import { fields } from '../domain/json.ts';
import type { ShadowCall, ShadowEvent, ShadowSample } from '../domain/shadow.ts';
import type { ShadowSnapshot, WindowSnapshot } from '../domain/snapshot.ts';
import type { PauseKind } from '../resilience/pause.ts';
import { headerEntries } from '../upstream/sdk/secrets.ts';
import type { RequestOptions } from '../upstream/sdk/types.ts';
import { BodyMemory } from './body-memory.ts';
import { Comparisons, type OnAgreement } from './comparisons.ts';
import { CopyQueue } from './copy-queue.ts';
import { Copy, MirroredCall } from './mirrored-call.ts';
import type { ShadowPolicy } from './options.ts';
import type { ShadowServices } from './shadow-services.ts';
import { advise, ShadowTarget } from './shadow-target.ts';

export class ShadowRunner implements Mirror {
  readonly #policy: ShadowPolicy;
  readonly #services: ShadowServices;
  readonly #queue: CopyQueue;
  readonly #comparisons: Comparisons;
  readonly #memory: BodyMemory;
  readonly #targets: ShadowTarget[] = [];
  #closed = false;

  constructor(policy: ShadowPolicy, services: ShadowServices) {
    this.#policy = policy;
    this.#services = services;
    this.#queue = new CopyQueue(policy, services);
    this.#comparisons = new Comparisons(policy, services);
    this.#memory = new BodyMemory(policy.maxBytes);
    for (const [upstream, share] of Object.entries(policy.shares)) this.setShare(upstream, share);
  }

  /** The share of keys whose calls are mirrored to `upstream`, 0–1. */
  share(upstream: string): number {
    return this.#targets.find(({ name }) => name === upstream)?.share ?? 0;
  }

  /** Changes the share, 0–1, from the next call on. A larger share only adds keys. 0 stops mirroring; copies in flight continue. */
  setShare(upstream: string, share: number): void {
    let target = this.#targets.find(({ name }) => name === upstream);
    if (!target) this.#targets.push((target = new ShadowTarget(upstream, this.#services.salt, this.#services)));
    target.share = share;
  }

  /** Why copies to `upstream` pause; `undefined` if they do not. */
  pausedFor(upstream: string): PauseKind | undefined {
    return this.#targets.find(({ name }) => name === upstream)?.pausedFor(this.#services.clock.now());
  }

  /** Calls `listener` with every agreement; returns the function that removes it. If the listener throws, a `warning` is emitted once. */
  onComparison(listener: OnAgreement): () => void {
    return this.#comparisons.listen(listener);
  }

  /** The sampled disagreements. */
  get samples(): readonly ShadowSample[] {
    return this.#comparisons.samples;
  }

  /** The latest results, oldest first. */
  get results(): readonly ShadowEvent[] {
    return this.#comparisons.results;
  }

  /** Copies the call to the targets that choose it; `undefined` without a copy. `firstUpstream` serves its first attempt. */
  mirror(state: MirrorRun, firstUpstream: string): MirroredCall | undefined {
    try {
      return this.#mirror(state, firstUpstream);
    } catch (error) {
      this.#services.observer.failed('Mirroring a call', error);
      return undefined;
    }
  }

  #mirror(state: MirrorRun, firstUpstream: string): MirroredCall | undefined {
    const { call, plan } = state;
    if (!call.shadow || !call.replayable || this.#closed || UNMIRRORED_REASONS.has(plan.reason)) return undefined;
    let copies: Copy[] | undefined;
    for (const target of this.#targets) {
      if (target.name === firstUpstream || !target.chooses(call.key, this.#services.random)) continue;
      const copy = this.#copy(target, state);
      if (!copy) continue;
      this.#queue.send(copy);
      (copies ??= []).push(copy);
    }
    if (!copies) return undefined;
    const mirrored = new MirroredCall(call, copies);
    state.recorder.mirrored = mirrored;
    return mirrored;
  }

  /** The numbers of the window that ends at `nowMs`, by upstream, with advice in comparison with `stable`. */
  snapshot(nowMs: number, stable: WindowSnapshot): Record<string, ShadowSnapshot> {
    const { running, waiting } = this.#queue;
    return Object.fromEntries(
      this.#targets.map(({ name, share, window }) => {
        const numbers = window.snapshot(nowMs);
        return [name, { share, ...numbers, running, waiting, ...advise(numbers, stable) }];
      }),
    );
  }

  /** Cancels the copies in flight and sends no further copy. */
  close(): void {
    this.#closed = true;
    this.#queue.close();
    this.#comparisons.close();
  }

  /** Checks the call before it copies the body, since most calls of a burst are dropped here. */
  #copy(target: ShadowTarget, { call, plan, source, recorder }: MirrorRun): Copy | undefined {
    const { upstreams, observer } = this.#services;
    const { body } = source.options;
    const upstream = this.#comparisons.isComparing ? undefined : upstreams.get(target.name);
    const sideEffects = hasSideEffects(body);
    if (!upstream || ineligibleReason(target.name, call, body, this.#services)) return undefined;
    if (!this.#mayMirror(call, body, sideEffects)) return undefined;
    const judged = observer.copied(target.name, plan.assigned);
    const release = this.#queue.isFull ? undefined : this.#memory.take(body);
    if (!release) {
      observer.dropped(judged, 'full');
      target.dropped('full');
      return undefined;
    }
    const copiedBody = snapshotBody(body);
    return new Copy({
      // A copy is not what the runs around the call pay for.
      call: call.spendLimits ? { ...call, spendLimits: undefined } : call,
      view: viewOf(call, copiedBody, sideEffects),
      target,
      upstream,
      options: copyOptions(call, source.options, copiedBody),
      connect: source.connect,
      trace: source.trace,
      ledger: recorder,
      abortWithCaller: this.#policy.abortWithCaller,
      judged,
      observer,
      comparisons: this.#comparisons,
      release,
    });
  }

  /** Applies `when`; a call is not mirrored if it throws or returns a promise. */
  #mayMirror(call: Call, body: unknown, sideEffects: boolean): boolean {
    const { when } = this.#policy;
    if (!when) return !sideEffects;
    try {
      const result: unknown = when(viewOf(call, body, sideEffects));
      if (typeof result === 'boolean') return result;
      // A promise is truthy, and its rejection would be unhandled.
      void Promise.resolve(result).catch(() => undefined);
      throw new TypeError('it should return true or false, not a promise or another value');
    } catch (error) {
      this.#services.observer.failed('shadow.when', error);
      return false;
    }
  }
}

/** Plans that depend on state of one upstream, on the caller's choice of it, or on the kill switch. */
const UNMIRRORED_REASONS: ReadonlySet<PlanReason> = new Set([
  'forced',
  'toolRun',
  'affinity',
  'notPortable',
  'disabled',
]);

function viewOf({ surface, model, stream, task, attributes }: Call, body: unknown, sideEffects: boolean): ShadowCall {
  return { surface, model, stream, task, attributes, body, sideEffects };
}

/**
 * Whether a copy would do more than answer: store its answer, run in the background, or use tools that the provider runs (web
 * search, code, files, MCP servers). Function tools have no effect, since the application does not execute the tool calls of a copy.
 * A stored prompt belongs to one account and may contain tools. Unknown tools count as side effects.
 */
function hasSideEffects(body: unknown): boolean {
  const { store, background, tools, web_search_options: webSearch, prompt } = fields(body);
  if (store === true || background === true) return true;
  if (isPresent(webSearch) || (typeof prompt === 'object' && prompt !== null)) return true;
  return Array.isArray(tools) && tools.some((tool) => !CLIENT_TOOLS.has(fields(tool)['type']));
}

/** Tools that the application executes. */
const CLIENT_TOOLS: ReadonlySet<unknown> = new Set(['function', 'custom']);

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Copies the body and its lists, since an application may append to the list that it passed. */
function snapshotBody(body: unknown): Readonly<Record<string, unknown>> {
  const copy: Record<string, unknown> = { ...fields(body) };
  for (const name of ['messages', 'input', 'tools']) {
    const list = copy[name];
    if (Array.isArray(list)) copy[name] = [...(list as readonly unknown[])];
  }
  return copy;
}

/**
 * The caller's options with `body`, the result of `snapshotBody`. The idempotency key is removed, since the provider would take the
 * copy for the call. `store: false` is set for the Responses API, whose answers providers store by default.
 */
function copyOptions(
  { surface }: Pick<Call, 'surface'>,
  original: RequestOptions,
  body: Readonly<Record<string, unknown>>,
): RequestOptions {
  const finalBody = surface === 'responses' && body['store'] === undefined ? { ...body, store: false } : body;
  const options: RequestOptions = { ...original, body: finalBody };
  delete options.idempotencyKey;
  delete options.signal;
  if (original.headers)
    options.headers = headerEntries(original.headers).filter(([name]) => name !== 'idempotency-key');
  return options;
}
