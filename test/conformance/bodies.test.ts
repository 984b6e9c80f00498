/** Without a `canary` option, every body of a provider reaches the caller exactly as through the SDK alone. */

import { OpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CanaryClient } from '../../src/index.ts';
import { attemptsOf, usageIn } from './support/attempts-of.ts';
import { callFor, rawText, see } from './support/call-for.ts';
import { isAnswer, readRecordings, recorded, recordedUsage, skipNote } from './support/recordings.ts';
import { serveRecordings, wireText, type Served } from './support/serve-recordings.ts';
import { statedBy, summaryOf } from './support/summary.ts';

const recordings = readRecordings();
const compared = { bodies: 0, chunks: 0, errors: 0, usages: 0, raw: 0 };
let served: Served;

beforeAll(async () => {
  served = await serveRecordings(recordings);
});

afterAll(() => served[Symbol.asyncDispose]());

test.each(recordings.filter(({ baseline }) => baseline))(
  'the SDK alone gives the recorded result for $file',
  async (recording) => {
    const seen = await see(callFor(new OpenAI(served.settings), recording));
    expect(summaryOf(seen)).toEqual(statedBy(recording));
  },
);

test.each(recordings)('gives the same value, chunks or error, and records the usage, for $file', async (recording) => {
  const ai = new CanaryClient(served.settings);
  const attempts = attemptsOf(ai);
  const alone = await see(callFor(new OpenAI(served.settings), recording));
  const seen = await see(callFor(ai, recording));
  expect(seen).toEqual(alone);
  expect(attempts).toEqual([expect.objectContaining({ usage: usageIn(recording) })]);
  compared.bodies += 1;
  compared.chunks += seen.chunks.length;
  compared.errors += seen.error ? 1 : 0;
  compared.usages += recordedUsage(recording) ? 1 : 0;
});

test.each(recordings.filter(isAnswer))('gives the same raw text for $file', async (recording) => {
  const alone = await rawText(callFor(new OpenAI(served.settings), recording));
  const seen = await rawText(callFor(new CanaryClient(served.settings), recording));
  expect(seen).toEqual(alone);
  expect(seen).toEqual({ text: wireText(recording) });
  compared.raw += 1;
});

test.skipIf(!recorded)(`compares enough bodies and chunks${skipNote}`, () => {
  const { bodies, chunks, errors, usages, raw } = compared;
  // oxlint-disable-next-line no-console -- shows in the test output how much was compared
  console.info(
    `without the option, compared with the SDK alone: ${bodies} bodies (${chunks} chunks, ${errors} errors, ` +
      `${usages} with usage), ${raw} raw texts, no exceptions`,
  );
  expect(bodies).toBeGreaterThan(200);
  expect(chunks).toBeGreaterThan(2_500);
});
