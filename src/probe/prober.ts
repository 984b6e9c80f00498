/** Probes upstreams, when asked to and at an interval, and keeps what planning and health use of it. */

import { Reservation } from '../budgets/budgets.ts';
import { CallRecorder } from '../call/call-record.ts';
import type { CallServices } from '../call/call-services.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import type { Call } from '../domain/call.ts';
import { checkOneOf } from '../domain/check.ts';
import type { CheckResult, ProbeReport } from '../domain/probe.ts';
import type { Emitter } from '../events/emitter.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import type { AttemptEnd } from '../upstream/attempt-types.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ProbeOptions } from './options.ts';
import { type ActiveProbePolicy, type ResolvedProbe, resolveProbe } from './resolve-probe.ts';
import { runProbe } from './run-probe.ts';

/** What a prober works with. */
export interface ProberParts {
  readonly services: CallServices;
  readonly emitter: Emitter;
  readonly active: ActiveProbePolicy | undefined;
  readonly nextCallId: () => number;
}

export class Prober {
  /** The ways to the upstreams; set by the first client, since they are its own. */
  connect: ((upstream: Upstream) => UpstreamConnection) | undefined;
  readonly #given: ProberParts;
  readonly #ticker: Ticker | undefined;
  /** Upstreams that are being checked: one that hangs is not asked again meanwhile. */
  readonly #checking = new Set<string>();
  readonly #closed = new AbortController();

  constructor(given: ProberParts) {
    this.#given = given;
    const { active, services } = given;
    this.#ticker = active && startTicker(services.clock, active.everyMs, this, Prober.#look);
  }

  /**
   * The requests go to that upstream only, once each; they cost what they cost, and count in no window, breaker or rollout.
   *
   * @throws ConfigError
   */
  async probeNamed(name: string, options: ProbeOptions | undefined): Promise<ProbeReport> {
    const { upstreams } = this.#given.services;
    const upstream = upstreams.get(checkOneOf('probe.upstream', name, [...upstreams.keys()]));
    if (!upstream) throw new RangeError(`No upstream is called ${name}.`);
    return this.#probe(upstream, resolveProbe(options));
  }

  async #probe(upstream: Upstream, wanted: ResolvedProbe): Promise<ProbeReport> {
    const { services, nextCallId } = this.#given;
    const { names, honesty, ...limits } = wanted;
    const connection = this.connect?.(upstream);
    if (!connection) throw new Error('A probe needs a client');
    const model = limits.model ?? modelOf(upstream);
    const input = {
      ...limits,
      upstream,
      line: connection,
      model,
      embeddingModel: limits.embeddingModel,
      clock: services.clock,
      random: services.random,
      nextCallId,
      account: new ProbeBudget(upstream.name, services),
      keySource: upstream.config.keySource,
    };
    const onCheck = (result: CheckResult, done: number): void => this.#tell(upstream, result, done, names.length);
    const report = await runProbe(input, { names, honesty, onCheck });
    if (Object.keys(report.capabilities).length > 0) {
      // What an earlier probe found out and this one did not ask stays.
      const before = upstream.probed?.model === model ? upstream.probed?.capabilities : undefined;
      upstream.probed = { model, capabilities: { ...before, ...report.capabilities } };
    }
    return report;
  }

  close(): void {
    this.#ticker?.stop();
    this.#closed.abort();
  }

  /** Not a closure of the constructor: that would hold the prober as long as its timer runs. */
  static #look(this: void, prober: Prober): void {
    const { active, services } = prober.#given;
    if (!active || !prober.connect) return;
    for (const name of active.upstreams) {
      const upstream = services.upstreams.get(name);
      if (upstream && !prober.#checking.has(name)) void prober.#check(upstream, active.timeoutMs);
    }
  }

  async #check(upstream: Upstream, timeoutMs: number): Promise<void> {
    this.#checking.add(upstream.name);
    try {
      await this.#probe(upstream, { ...CHEAPEST, timeoutMs, signal: this.#closed.signal });
    } catch {
      // A credential that cannot be had, a client that cannot be built: it is as good as away.
      upstream.lastCheck = { reached: false, atMs: this.#given.services.clock.now() };
    } finally {
      this.#checking.delete(upstream.name);
    }
  }

  #tell(upstream: Upstream, result: CheckResult, done: number, total: number): void {
    const { emitter, services } = this.#given;
    const { name: check, status, durationMs, costUsd } = result;
    const atMs = services.clock.now();
    if (check === 'connection' && status !== 'skipped') upstream.lastCheck = { reached: status === 'pass', atMs };
    if (!emitter.wants('probe')) return;
    emitter.emit('probe', { upstream: upstream.name, check, status, durationMs, costUsd, done, total, atMs });
  }
}

const CHEAPEST: Omit<ResolvedProbe, 'timeoutMs' | 'signal'> = {
  names: ['connection'],
  honesty: false,
  model: undefined,
  embeddingModel: undefined,
  contextTokens: undefined,
  budgetUsd: 0.01,
};

/** The upstream's own; where it has several, the one that the first of the caller's becomes. */
function modelOf({ config }: Upstream): string | undefined {
  const { model, params } = config.rules;
  const named = params?.['model'];
  if (typeof named === 'string') return named;
  const [first] = typeof model === 'object' ? Object.keys(model) : [];
  return upstreamModel(model, { surface: 'chat', model: first });
}

/* PART: What the requests of a probe cost: in the ledger, and in the user's budgets. */

/** The account of one upstream. */
class ProbeBudget {
  readonly #upstream: string;
  readonly #services: CallServices;
  /** By the id of the call, from before a request to its end. */
  readonly #held = new Map<number, Reservation>();

  constructor(upstream: string, services: CallServices) {
    this.#upstream = upstream;
    this.#services = services;
  }

  estimateCostUsd(call: Call, body: unknown): number | undefined {
    return this.#services.estimateCostUsd(this.#upstream, call, body);
  }

  /** The name of the budget that has no room for a request; lists of models cost nothing. */
  holdBudget(call: Call, body: unknown): string | undefined {
    if (call.surface === 'other') return undefined;
    const held = this.#services.budgets?.reserve(call, this.#upstream, body);
    if (held === undefined) return undefined;
    if (!(held instanceof Reservation)) return held.policy.name;
    this.#held.set(call.id, held);
    return undefined;
  }

  /** In USD; `null` when it is unknown. */
  charge(call: Call, end: AttemptEnd): number | null {
    const { observer, pricing } = this.#services;
    // Stable would not have served it: there is nothing to be saved.
    const priced: typeof pricing = (started, how, about) => ({ ...pricing(started, how, about), stableCostUsd: null });
    const recorder = new CallRecorder(call, this.#upstream, observer, priced);
    recorder.end(recorder.start(this.#upstream, 'probe', call.model, call.startedAtMs), end);
    const [record] = recorder.ledger.attempts;
    if (record) this.#held.get(call.id)?.settle(record);
    this.#held.delete(call.id);
    return record?.cost.costUsd ?? null;
  }
}
