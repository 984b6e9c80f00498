/** Probes upstreams on demand and at an interval, and stores the results that planning and health use. */

import type { CallServices } from '../call/call-services.ts';
import type { UpstreamConnection } from '../upstream/sdk/clients.ts';
import { checkOneOf } from '../domain/check.ts';
import type { CheckResult, ProbeReport } from '../domain/probe.ts';
import type { Emitter } from '../events/emitter.ts';
import { upstreamModel } from '../providers/upstream-model.ts';
import { startTicker, type Ticker } from '../time/ticker.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { ProbeOptions } from './options.ts';
import { ProbeBudget } from './probe-context.ts';
import { type ActiveProbePolicy, type ResolvedProbe, resolveProbe } from './resolve-probe.ts';
import { runProbe } from './run-probe.ts';

/** The input of a prober. */
export interface ProberParts {
  readonly services: CallServices;
  readonly emitter: Emitter;
  readonly active: ActiveProbePolicy | undefined;
  readonly nextCallId: () => number;
}

export class Prober {
  /** Connects to an upstream; set by the first client, which owns the connections. */
  connect: ((upstream: Upstream) => UpstreamConnection) | undefined;
  readonly #parts: ProberParts;
  readonly #ticker: Ticker | undefined;
  /** Upstreams whose check is running; a hanging upstream is not checked again before it ends. */
  readonly #checking = new Set<string>();
  readonly #closed = new AbortController();
  /** What the checks at an interval have spent today, by upstream. */
  readonly #spentUsd = new Map<string, number>();
  #day = 0;

  constructor(parts: ProberParts) {
    this.#parts = parts;
    const { active, services } = parts;
    this.#ticker = active && startTicker(services.clock, active.everyMs, this, Prober.#tick);
  }

  /**
   * Probes one upstream. Its requests go to that upstream only and are not retried. They are charged, but do not count in windows,
   * breakers or rollouts.
   *
   * @throws ConfigError
   */
  async probeNamed(name: string, options: ProbeOptions | undefined): Promise<ProbeReport> {
    const { upstreams } = this.#parts.services;
    const upstream = upstreams.get(checkOneOf('probe.upstream', name, [...upstreams.keys()]));
    if (!upstream) throw new RangeError(`Unknown upstream ${name}`);
    return this.#probe(upstream, resolveProbe(options));
  }

  /** @param downForMs how long a failed connection check keeps calls away */
  async #probe(upstream: Upstream, resolved: ResolvedProbe, downForMs = 0): Promise<ProbeReport> {
    const { services, nextCallId } = this.#parts;
    const { names, honesty, ...limits } = resolved;
    const connection = this.connect?.(upstream);
    if (!connection) throw new Error('A probe needs a client');
    const model = limits.model ?? modelOf(upstream);
    const input = {
      ...limits,
      periodic: downForMs > 0,
      upstream,
      connection,
      model,
      embeddingModel: limits.embeddingModel,
      clock: services.clock,
      random: services.random,
      nextCallId,
      budget: new ProbeBudget(upstream.name, services),
      keySource: upstream.config.keySource,
    };
    const onCheck = (result: CheckResult, done: number, conclusive: boolean): void => {
      if (result.name === 'connection' && result.status !== 'skipped') {
        this.#connected(upstream, result.status === 'pass', conclusive ? downForMs : 0);
      }
      this.#report(upstream, result, done, names.length);
    };
    const report = await runProbe(input, { names, honesty, onCheck });
    if (Object.keys(report.capabilities).length > 0) {
      // Capabilities that this probe did not check are kept from an earlier probe of the same model.
      const before = upstream.probed?.model === model ? upstream.probed?.capabilities : undefined;
      upstream.probed = { model, capabilities: { ...before, ...report.capabilities } };
    }
    return report;
  }

  close(): void {
    this.#ticker?.stop();
    this.#closed.abort();
  }

  /** Static, since a closure over `this` would keep the prober alive as long as its timer runs. */
  static #tick(this: void, prober: Prober): void {
    const { active, services } = prober.#parts;
    if (!active || !prober.connect) return;
    for (const name of active.upstreams) {
      const upstream = services.upstreams.get(name);
      if (upstream && !prober.#checking.has(name)) void prober.#check(upstream, active);
    }
  }

  async #check(upstream: Upstream, { everyMs, timeoutMs }: ActiveProbePolicy): Promise<void> {
    this.#checking.add(upstream.name);
    // Until the next check has ended, or the one after it, if that one is skipped.
    const downForMs = 2 * everyMs + timeoutMs;
    try {
      const budgetUsd = this.#leftToday(upstream.name);
      const { costUsd } = await this.#probe(
        upstream,
        { ...CONNECTION_ONLY, budgetUsd, timeoutMs, signal: this.#closed.signal },
        downForMs,
      );
      this.#spentUsd.set(upstream.name, (this.#spentUsd.get(upstream.name) ?? 0) + (costUsd ?? 0));
    } catch {
      // Credentials or the SDK client could not be created: the upstream counts as unreachable.
      this.#connected(upstream, false, downForMs);
    } finally {
      this.#checking.delete(upstream.name);
    }
  }

  #connected(upstream: Upstream, reached: boolean, downForMs: number): void {
    const atMs = this.#parts.services.clock.now();
    // Calls that succeed while the check fails know better: the list of models may be out of order.
    const serves = (upstream.lastSuccessAtMs ?? -Infinity) > atMs - SERVING_MS;
    const isDown = !reached && downForMs > 0 && !serves;
    upstream.lastCheck = { reached, atMs, downUntilMs: isDown ? atMs + downForMs : undefined };
  }

  /** What the checks of an upstream may still spend on this UTC day, in USD. */
  #leftToday(name: string): number {
    const { active, services } = this.#parts;
    const day = Math.floor(services.clock.now() / MS_PER_DAY);
    if (day !== this.#day) this.#spentUsd.clear();
    this.#day = day;
    return Math.max(0, (active?.budgetUsd ?? 0) - (this.#spentUsd.get(name) ?? 0));
  }

  #report(upstream: Upstream, result: CheckResult, done: number, total: number): void {
    const { emitter, services } = this.#parts;
    const { name: check, status, durationMs, costUsd } = result;
    const atMs = services.clock.now();
    if (!emitter.wants('probe')) return;
    emitter.emit('probe', { upstream: upstream.name, check, status, durationMs, costUsd, done, total, atMs });
  }
}

/** An upstream with a success within this time serves calls. */
const SERVING_MS = 10_000;
const MS_PER_DAY = 86_400_000;

/** The check at an interval. */
const CONNECTION_ONLY: Omit<ResolvedProbe, 'timeoutMs' | 'signal' | 'budgetUsd'> = {
  names: ['connection'],
  honesty: false,
  model: undefined,
  embeddingModel: undefined,
  contextTokens: undefined,
};

/** The upstream's own model; with a model map, the target of its first entry. */
function modelOf({ config }: Upstream): string | undefined {
  const { model, params } = config.rules;
  const named = params?.['model'];
  if (typeof named === 'string') return named;
  const [first] = typeof model === 'object' ? Object.keys(model) : [];
  return upstreamModel(model, { surface: 'chat', model: first });
}
