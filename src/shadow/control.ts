/** The API of `client.canary.shadow`. */

import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { ShadowEvent, ShadowSample } from '../domain/shadow.ts';
import { ConfigError } from '../domain/errors.ts';
import type { ShadowRunner } from './shadow-runner.ts';

/** Reads and changes which calls are mirrored. Without the option `shadow` no call is mirrored and all values are empty or 0. */
export class ShadowControl<UpstreamName extends string = string> {
  readonly #runner: ShadowRunner | undefined;
  readonly #names: readonly string[];

  constructor(runner: ShadowRunner | undefined, names: readonly string[]) {
    this.#runner = runner;
    this.#names = names;
  }

  /**
   * Pairs of answers that disagree: a uniform random sample of up to `keepSamples` pairs, bodies included. They never leave the process.
   *
   * @example ai.canary.shadow.samples().map(({ real, shadow }) => [real.text, shadow.text]);
   */
  samples(): readonly ShadowSample[] {
    return this.#runner?.samples ?? [];
  }

  /**
   * The latest results of mirrored calls, oldest first, up to `keepResults`: the outcome, latency and cost of each copy, and how it differs from
   * the real answer. For all of them without a bound, listen to the event `shadow`.
   *
   * @example writeFileSync('shadow.jsonl', ai.canary.shadow.results().map((result) => JSON.stringify(result)).join('\n'));
   */
  results(): readonly ShadowEvent[] {
    return this.#runner?.results ?? [];
  }

  /** The share of keys whose calls are mirrored to the upstream, 0–1. */
  share(upstream: UpstreamName): number {
    return this.#runner?.share(upstream) ?? 0;
  }

  /**
   * Changes the share from the next call on. A larger share only adds keys. 0 stops mirroring; copies in flight continue.
   *
   * @param share 0–1
   * @throws ConfigError for an unknown upstream, a share outside 0–1, or if the option `shadow` is not set
   */
  setShare(upstream: UpstreamName, share: number): void {
    const name = checkOneOf('shadow.upstream', upstream, this.#names);
    const checked = checkNumber('shadow.share', share, { min: 0, max: 1 });
    if (!this.#runner)
      throw new ConfigError('canary.shadow', 'should be set, at least to {}, before a share can be set');
    this.#runner.setShare(name, checked);
  }
}
