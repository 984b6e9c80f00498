/** The contract of a store as a suite of tests: for the stores of this package, and for an application's own. */

import { blockRules } from './block-rules.ts';
import { leaseRules } from './lease-rules.ts';
import { messageRules } from './message-rules.ts';
import { partRules } from './part-rules.ts';
import type { StoreUnderTest } from './store-rule.ts';
import { valueRules } from './value-rules.ts';

/** What `runStoreSuite` needs. */
export interface StoreSuiteOptions {
  /** Registers a test: `test` of vitest, jest or `node:test`. */
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  /** Makes an empty store. Called for each test. */
  readonly create: () => StoreUnderTest | Promise<StoreUnderTest>;
}

/**
 * Registers one test for each rule that a store must keep. Assertions are those of `node:assert`.
 *
 * @example runStoreSuite({ test, create: () => ({ store: memoryStore({ now: () => clock.now() }), advance: (ms) => clock.jump(ms) }) })
 */
export function runStoreSuite({ test, create }: StoreSuiteOptions): void {
  for (const { name, check } of [...valueRules, ...leaseRules, ...messageRules, ...blockRules, ...partRules]) {
    test(name, async () => check(await create()));
  }
}
