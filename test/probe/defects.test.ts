/** A probe finds each defect of a relay, and reports no others. */

import { describe, expect, test } from 'vitest';
import type { ProviderOptions } from '../../src/testing/index.ts';
import { DEFECTS, type Defect } from '../../src/testing/index.ts';
import { faultsOf, probeRelay } from './support.ts';

interface Row {
  /** The only fault in the report. */
  readonly found: string;
  /** Settings that make the defect visible; without the defect they cause no fault. */
  readonly settings?: ProviderOptions;
}

/** Slow enough to distinguish an incremental stream from a buffered one. */
const FLOWING: ProviderOptions = { chunkDelayMs: 10 };
/** Slow enough to distinguish five concurrent calls from five serial ones. */
const SLOW: ProviderOptions = { latencyMs: 120, chunkDelayMs: 5 };
/** Slow enough for five calls to overlap. */
const OVERLAPPING: ProviderOptions = { latencyMs: 40 };

const TABLE: Readonly<Record<Exclude<Defect, 'noRetryAfter' | 'echoesKey'>, Row>> = {
  noModels: { found: 'models: unsupported' },
  noUsage: { found: 'usage: fail' },
  buffersStream: { found: 'streaming: fail', settings: FLOWING },
  ignoresStream: { found: 'streaming: fail' },
  noFinishReason: { found: 'streaming: fail' },
  noStreamUsage: { found: 'streamUsage: fail' },
  noDone: { found: 'streamDone: fail' },
  ignoresTools: { found: 'tools: fail' },
  brokenToolArguments: { found: 'toolArguments: fail' },
  looseToolArguments: { found: 'toolArguments: fail' },
  singleToolCall: { found: 'parallelTools: unsupported' },
  noToolCallIndex: { found: 'streamedTools: fail' },
  ignoresImages: { found: 'vision: fail' },
  refusesImages: { found: 'vision: unsupported' },
  ignoresJsonMode: { found: 'jsonMode: fail' },
  fencedJson: { found: 'jsonMode: fail' },
  ignoresSchema: { found: 'jsonSchema: fail' },
  noEmbeddings: { found: 'embeddings: unsupported' },
  unnormalisedEmbeddings: { found: 'embeddings: fail' },
  ignoresDimensions: { found: 'embeddingDimensions: fail' },
  noResponses: { found: 'responses: unsupported' },
  ignoresN: { found: 'choices: fail' },
  ignoresSeed: { found: 'seed: unsupported' },
  ignoresStop: { found: 'stop: fail' },
  ignoresMaxTokens: { found: 'maxTokens: fail' },
  hidesTruncation: { found: 'maxTokens: fail' },
  noLogprobs: { found: 'logprobs: fail' },
  truncatesLongOutput: { found: 'longOutput: fail' },
  answersUnknownModel: { found: 'unknownModel: fail' },
  unknownModelAs503: { found: 'unknownModel: fail' },
  acceptsBadBody: { found: 'badRequest: fail' },
  swallowsLongPrompts: { found: 'contextLength: fail' },
  vagueContextError: { found: 'contextLength: fail' },
  errorsAs200: { found: 'errorShape: fail' },
  plainErrors: { found: 'errorShape: fail' },
  refusesBursts: { found: 'concurrency: fail', settings: OVERLAPPING },
  serialises: { found: 'concurrency: fail', settings: SLOW },
  substitutesModel: { found: 'servedModel: suspect' },
  inflatesPromptTokens: { found: 'promptTokens: suspect' },
  unsteadyUsage: { found: 'repeatedUsage: suspect' },
  claimsCachedTokens: { found: 'cachedTokens: suspect' },
};

describe('a relay without defects', () => {
  test.each([
    ['with default settings', {}],
    ['with incremental streams', FLOWING],
    ['with overlapping calls', OVERLAPPING],
    ['with slow answers', SLOW],
  ])('has no faults %s', async (_, settings) => {
    const report = await probeRelay(settings);
    expect(faultsOf(report)).toEqual([]);
    expect(report.checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual(['retryAfter']);
    expect(report.capabilities).toEqual({
      tools: true,
      vision: true,
      jsonSchema: true,
      logprobs: true,
      multipleChoices: true,
    });
  });
});

// `Object.entries` widens the keys to string.
const ROWS = Object.entries(TABLE) as [Defect, Row][];

test.each(ROWS)('finds %s and nothing else', async (defect, { found, settings = {} }) => {
  expect(faultsOf(await probeRelay({ ...settings, defects: [defect] }))).toEqual([found]);
});

test('distinguishes a 429 without retry-after from one with it', async () => {
  const polite = await probeRelay({ ...OVERLAPPING, defects: ['refusesBursts'] });
  const mute = await probeRelay({ ...OVERLAPPING, defects: ['refusesBursts', 'noRetryAfter'] });
  expect(faultsOf(polite)).toEqual(['concurrency: fail']);
  expect(polite.checks.find(({ name }) => name === 'retryAfter')).toMatchObject({ status: 'pass' });
  expect(faultsOf(mute)).toEqual(['concurrency: fail', 'retryAfter: fail']);
});

test('every defect of the simulated provider has a row', () => {
  expect(Object.keys(DEFECTS).toSorted()).toEqual([...Object.keys(TABLE), 'echoesKey', 'noRetryAfter'].toSorted());
});
