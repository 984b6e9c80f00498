/** All faults at once: no call is lost, recorded twice, mixed up with another or paid for without a record. */

import { APIUserAbortError, OpenAIError } from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AttemptRecord } from '../../src/index.ts';
import type { CallEnd } from './support/chaos/make-call.ts';
import { planChaos, type PlannedCall } from './support/chaos/plan.ts';
import { CONCURRENCY, runChaos, type Aftermath } from './support/chaos/run-chaos.ts';
import { BAD_LISTENERS } from './support/chaos/world.ts';
import {
  PROVIDERS,
  costOf,
  isTextOf,
  leavesWhole,
  providerOf,
  tokensOf,
  wordsOf,
  type ProviderName,
} from './support/chaos/vocabulary.ts';

const SEED = Number(process.env['CHAOS_SEED'] ?? 1);
const CALLS = Number(process.env['CHAOS_CALLS'] ?? 2_000);

describe(`${CALLS} calls with every fault, ${CONCURRENCY} at a time (CHAOS_SEED=${SEED})`, () => {
  const plan = planChaos(SEED, CALLS);
  let after: Aftermath;
  let attemptsOf: (call: number) => readonly AttemptRecord[];

  beforeAll(async () => {
    after = await runChaos(plan, SEED);
    const byCall = Map.groupBy(after.attempts, ({ task }) => Number(task));
    attemptsOf = (call) => (byCall.get(call) ?? []).toSorted((a, b) => a.index - b.index);
  }, 60_000);

  test('the run has every kind of end', () => {
    const { how, outcome, kind } = {
      how: new Set(after.ends.map((end) => end.how)),
      outcome: new Set(after.attempts.map((attempt) => attempt.outcome)),
      kind: new Set(after.attempts.map((attempt) => attempt.kind)),
    };
    expect([...how].toSorted()).toEqual(['failed', 'left', 'whole']);
    expect([...outcome].toSorted()).toEqual(['aborted', 'failure', 'neutral', 'success']);
    expect(kind.size).toBeGreaterThanOrEqual(11);
    expect(after.calls.some(({ retries }) => retries > 0)).toBe(true);
    expect(after.calls.some(({ fallbacks }) => fallbacks > 1)).toBe(true);
  });

  test('every call settles', () => {
    expect(after.ends).toHaveLength(CALLS);
    expect(after.ends.filter(({ how }) => how === 'hung')).toEqual([]);
  });

  test('there are no unhandled rejections', () => {
    expect(after.unhandled).toEqual([]);
  });

  test('a throwing listener causes one warning and no other effect', () => {
    // Each listener causes at most one warning, for all of its events.
    expect(after.warnings.filter((code) => code === 'listener').length).toBeLessThanOrEqual(BAD_LISTENERS);
    expect(after.warnings.filter((code) => code !== 'listener' && code !== 'modelNotFound')).toEqual([]);
  });

  test('only the timer of the alert rules outlives the calls, and no timer outlives the client', () => {
    expect(after.left.open.timers).toBe(1);
    expect(after.left.closed.timers).toBe(0);
  });

  test('a signal shared by calls keeps no listener', () => {
    expect(after.left.open.listeners).toBe(0);
  });

  test('no answer stays unread, and no provider stays busy', () => {
    expect(after.left.open).toMatchObject({ answers: 0, busyProviders: 0 });
  });

  test('there are at most as many connections as calls in flight, and no connection after closing', () => {
    expect(after.left.open.sockets).toBeLessThanOrEqual(CONCURRENCY);
    expect(after.left.closed.sockets).toBe(0);
  });

  test('a caller reads the answer of exactly one provider', () => {
    const mixed = after.ends.filter(({ planned, texts }) => texts.some((text) => !isOfOne(text, planned)));
    expect(mixed).toEqual([]);
  });

  test('an answer is cut only with an error, or if the caller stopped reading', () => {
    const cut = after.ends.filter((end) => end.how === 'whole' && isReadable(end) && !isWhole(end) && !isWordless(end));
    expect(cut.map((end) => ({ ...end, attempts: attemptsOf(end.planned.index) }))).toEqual([]);
  });

  test('an answer without text is recorded as a failure', () => {
    const failures = new Set(
      after.calls.filter(({ outcome }) => outcome === 'failure').map(({ task }) => Number(task)),
    );
    const wordless = after.ends.filter((end) => end.how === 'whole' && isReadable(end) && isWordless(end));
    expect(wordless.filter(({ planned }) => !failures.has(planned.index))).toEqual([]);
  });

  test('every error is one of ours or one that the SDK throws', () => {
    const strange = after.ends.filter(({ how, error }) => how === 'failed' && !isKnownError(error));
    expect(strange).toEqual([]);
  });

  test('a caller that did not abort gets no abort error', () => {
    const wrong = after.ends.filter(({ how, error }) => how === 'failed' && error instanceof APIUserAbortError);
    expect(wrong).toEqual([]);
  });

  test('every call is reported exactly once', () => {
    const tasks = after.calls.map(({ task }) => Number(task)).toSorted((a, b) => a - b);
    expect(tasks).toEqual(plan.map(({ index }) => index));
  });

  test('every call has the reported number of attempts, numbered from 0', () => {
    const wrong = after.calls.filter(({ task, attempts }) => {
      const indices = attemptsOf(Number(task)).map(({ index }) => index);
      return indices.length !== attempts || indices.some((index, place) => index !== place);
    });
    expect(wrong).toEqual([]);
  });

  test('the record of a call agrees with what its caller saw', () => {
    const reported = new Map(after.calls.map((call) => [Number(call.task), call]));
    const wrong = after.ends.filter((end) => {
      const call = reported.get(end.planned.index);
      if (end.how === 'failed') return call?.outcome === 'success';
      if (end.how !== 'whole' || !isReadable(end) || !isWhole(end)) return false;
      return call?.outcome !== 'success' || call.upstream !== providerOf(end.texts[0] ?? '', end.planned.index);
    });
    expect(wrong.map((end) => ({ end, call: reported.get(end.planned.index) }))).toEqual([]);
  });

  test('every request is an attempt, and every attempt was sent unless it was aborted or timed out before', () => {
    const wrong = plan.flatMap(({ index }) =>
      PROVIDERS.flatMap((provider) => {
        const attempts = attemptsOf(index).filter(({ upstream }) => upstream === provider);
        const { sent, received } = after.requests[provider](index);
        const unsent = attempts.slice(received);
        const given = unsent.every(({ outcome, kind }) => outcome === 'aborted' || kind === 'timeout');
        return sent === received && attempts.length >= received && given
          ? []
          : [{ index, provider, sent, received, attempts }];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('the logs of the providers agree', () => {
    for (const provider of PROVIDERS) {
      const received = plan.flatMap(({ index }) =>
        Array.from({ length: after.requests[provider](index).received }, () => index),
      );
      expect(after.logged[provider].toSorted((a, b) => a - b)).toEqual(received);
    }
  });

  test('no call exceeds its retry budget or reaches an upstream that it may not use', () => {
    const wrong = plan.filter(({ index, fallbacks }) => {
      const upstreams = new Set(attemptsOf(index).map(({ upstream }) => upstream));
      return attemptsOf(index).length > 1 + MOST_EXTRA_ATTEMPTS || (!fallbacks && upstreams.size > 1);
    });
    expect(wrong).toEqual([]);
  });

  test('the tokens and the cost of a success are those that its provider reported', () => {
    const ends = new Map(after.ends.map((end) => [end.planned.index, end]));
    const servedBy = new Map(after.calls.map(({ task, upstream }) => [task, upstream]));
    const wrong = after.attempts.filter((attempt) => {
      if (attempt.outcome !== 'success') return false;
      const end = ends.get(Number(attempt.task));
      if (attempt.usage === undefined) return !end || !mayBeWithoutUsage(attempt, end);
      // A reader that leaves before the last chunk misses the usage reported there. The same holds for the client if the other of two
      // hedged upstreams was as fast.
      const wasLeft = end?.how === 'left' || servedBy.get(attempt.task) !== attempt.upstream;
      return attempt.usageEstimated ? !wasLeft : !isAsReported(attempt, plan[Number(attempt.task)]!);
    });
    expect(wrong).toEqual([]);
  });

  test('the tokens of an answer that was read to its end are in the ledger', () => {
    const read = after.ends.filter((end) => end.how === 'whole' && isReadable(end) && isWhole(end));
    const isRecorded = ({ outcome, usage }: AttemptRecord) => outcome === 'success' && usage !== undefined;
    expect(read.filter(({ planned }) => !attemptsOf(planned.index).some(isRecorded))).toEqual([]);
  });

  test('the ledger is the sum of the attempts', () => {
    const { total, upstreams } = after.costs;
    const sum = (read: (attempt: AttemptRecord) => number, of = after.attempts) =>
      of.reduce((all, one) => all + read(one), 0);
    const sums = (of: readonly AttemptRecord[]) => ({
      attempts: of.length,
      inputTokens: sum(({ usage }) => usage?.inputTokens ?? 0, of),
      outputTokens: sum(({ usage }) => usage?.outputTokens ?? 0, of),
      cachedInputTokens: sum(({ usage }) => usage?.cachedInputTokens ?? 0, of),
      costUsd: expect.closeTo(
        sum(({ cost }) => cost.costUsd ?? 0, of),
        9,
      ),
      unpriced: of.filter(isUnmetered).length,
    });
    expect(total).toMatchObject(sums(after.attempts));
    for (const provider of PROVIDERS) {
      expect(upstreams[provider]).toMatchObject(sums(after.attempts.filter(({ upstream }) => upstream === provider)));
    }
  });

  test('the cost of a call is the sum of its attempts', () => {
    const wrong = after.calls.filter(({ task, costUsd }) => {
      const costs = attemptsOf(Number(task)).flatMap(({ cost }) => cost.costUsd ?? []);
      return (
        Math.abs(costs.reduce((sum, cost) => sum + cost, 0) - (costUsd ?? 0)) > 1e-12 ||
        (costUsd === null) !== (costs.length === 0)
      );
    });
    expect(wrong).toEqual([]);
  });

  test('the window agrees with the reported attempts', () => {
    const count = (upstream: string, outcome: string) =>
      after.attempts.filter((attempt) => attempt.upstream === upstream && attempt.outcome === outcome).length;
    for (const provider of PROVIDERS) {
      expect(after.snapshot.upstreams[provider]).toMatchObject({
        successes: count(provider, 'success'),
        failures: count(provider, 'failure'),
        neutral: count(provider, 'neutral'),
        aborted: count(provider, 'aborted'),
      });
    }
    expect(after.snapshot.calls).toBe(CALLS);
  });
});

const MOST_EXTRA_ATTEMPTS = 4;

/** Whether the caller reads to the end and the SDK extracts text. */
function isReadable({ planned: { surface, way } }: CallEnd): boolean {
  return surface !== 'embeddings' && way !== 'raw' && way !== 'rawCancelled';
}

/** Whether the text is the start of one provider's answer. A raw stream may have lost pieces. */
function isOfOne(text: string, { index, way }: PlannedCall): boolean {
  return way === 'raw' ? PROVIDERS.some((provider) => isTextOf(provider, text)) : providerOf(text, index) !== undefined;
}

/** Whether all readers got a whole answer. Of two sides of a `tee()`, one may have stopped reading. */
function isWhole({ planned, texts }: CallEnd): boolean {
  const readers = planned.way === 'teeOneSide' ? texts.slice(0, 1) : texts;
  return readers.length > 0 && readers.every((text) => PROVIDERS.some((name) => wordsOf(name, planned.index) === text));
}

/** Whether the answer has no text. A caller gets such an answer if no other upstream is available. */
function isWordless({ texts }: CallEnd): boolean {
  return texts.every((text) => text === '');
}

/**
 * While it reads a body, the SDK rethrows errors of `fetch` and `JSON.parse`, and throws a TypeError for an empty
 * body.
 */
function isKnownError(error: unknown): boolean {
  if (error instanceof OpenAIError || error instanceof SyntaxError) return true;
  return error instanceof TypeError && /^(terminated$|Cannot use 'in' operator)/.test(error.message);
}

function isAsReported({ upstream, usage, cost }: AttemptRecord, { index, surface }: PlannedCall): boolean {
  // Each upstream has the name of its provider.
  const provider = upstream as ProviderName;
  const reported = tokensOf(provider, index, surface !== 'embeddings');
  if (JSON.stringify(usage) !== JSON.stringify(reported) || cost.source !== 'override') return false;
  return Math.abs(cost.costUsd - costOf(provider, reported)) < 1e-12;
}

/** A success of the Responses API without usage is not free: its cost is unknown. */
function isUnmetered({ surface, outcome, usage }: AttemptRecord): boolean {
  return surface === 'responses' && outcome === 'success' && usage === undefined;
}

/** A raw body is not checked, and has no usage if it had a fault or was not read to its end. */
function mayBeWithoutUsage({ upstream }: AttemptRecord, { how, planned: { way, stream, faults } }: CallEnd): boolean {
  if (way !== 'raw' && way !== 'rawCancelled') return false;
  return stream ? how === 'left' : faults[upstream as ProviderName].some((fault) => !leavesWhole(fault));
}
