/** What `client.canary.shadow` offers. */

import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { ShadowSample } from '../domain/shadow.ts';
import { ConfigError } from '../domain/errors.ts';
import type { ShadowRunner } from './shadow-runner.ts';

/** Reads and changes what is mirrored. Without the option `shadow` nothing is, and all of it is empty. */
export class ShadowControl<UpstreamName extends string = string> {
  /** `undefined` without the option `shadow`. */
  readonly #runner: ShadowRunner | undefined;
  readonly #names: readonly string[];

  constructor(runner: ShadowRunner | undefined, names: readonly string[]) {
    this.#runner = runner;
    this.#names = names;
  }

  /**
   * Pairs of answers that disagree: a fair sample of `keepSamples`, bodies and all. They never leave the process.
   *
   * @example ai.canary.shadow.samples().map(({ real, shadow }) => [real.text, shadow.text]);
   */
  samples(): readonly ShadowSample[] {
    return this.#runner?.samples ?? [];
  }

  /** The share of keys that are mirrored to an upstream, 0–1. */
  share(upstream: UpstreamName): number {
    return this.#runner?.share(upstream) ?? 0;
  }

  /**
   * Mirrors another share from the next call on. A larger one only adds keys; 0 ends it, and lets end what is under way.
   *
   * @param share 0–1
   * @throws ConfigError for an unknown upstream, an impossible share, and where the option `shadow` is not set
   */
  setShare(upstream: UpstreamName, share: number): void {
    const name = checkOneOf('shadow.upstream', upstream, this.#names);
    const checked = checkNumber('shadow.share', share, { min: 0, max: 1 });
    if (!this.#runner) throw new ConfigError('canary.shadow', 'should be set, be it to {}, for calls to be mirrored');
    this.#runner.setShare(name, checked);
  }
}
