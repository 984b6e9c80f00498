/** What `client.canary.shadow` offers. */

import { checkNumber, checkOneOf } from '../domain/check.ts';
import type { ShadowSample } from '../domain/shadow.ts';
import type { Engine } from '../runtime/engine.ts';
import { ConfigError } from '../domain/errors.ts';

/** Reads and changes what is mirrored. Without the option `shadow` nothing is, and all of it is empty. */
export class ShadowControl<UpstreamName extends string = string> {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * Pairs of answers that disagree: a fair sample of `keepSamples`, bodies and all. They never leave the process.
   *
   * @example ai.canary.shadow.samples().map(({ real, shadow }) => [real.text, shadow.text]);
   */
  samples(): readonly ShadowSample[] {
    return this.#engine.parts.shadow?.samples ?? [];
  }

  /** The share of keys that are mirrored to an upstream, 0–1. */
  share(upstream: UpstreamName): number {
    return this.#engine.parts.shadow?.share(upstream) ?? 0;
  }

  /**
   * Mirrors another share from the next call on. A larger one only adds keys; 0 ends it, and lets end what is under way.
   *
   * @param share 0–1
   * @throws ConfigError for an unknown upstream, an impossible share, and where the option `shadow` is not set
   */
  setShare(upstream: UpstreamName, share: number): void {
    const { parts, names } = this.#engine;
    const name = checkOneOf('shadow.upstream', upstream, names);
    const checked = checkNumber('shadow.share', share, { min: 0, max: 1 });
    if (!parts.shadow) throw new ConfigError('canary.shadow', 'should be set, be it to {}, for calls to be mirrored');
    parts.shadow.setShare(name, checked);
  }
}
