/**
 * With a `canary` option the caller sees the same as with the SDK alone, except for a list of exceptions with
 * reasons.
 */

import { OpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CanaryClient, type AttemptRecord } from '../../src/index.ts';
import { attemptsOf, usageIn } from './support/attempts-of.ts';
import { callFor, rawText, see } from './support/call-for.ts';
import { EXCEPTIONS, RAW_RECORDS, USAGE_UNASKED, exceptionOf, type Exception } from './support/exceptions.ts';
import { withoutUsage, withoutUsageEvents, withoutUsageOption } from './support/hidden-usage.ts';
import { isAnswer, isChatStream, readRecordings, recorded, skipNote, type Recording } from './support/recordings.ts';
import { serveRecordings, type Served } from './support/serve-recordings.ts';

const recordings = readRecordings();
const compared = { bodies: 0, chunks: 0, unasked: 0, raw: 0 };
let served: Served;

beforeAll(async () => {
  served = await serveRecordings(recordings);
});

afterAll(() => served[Symbol.asyncDispose]());

/** A client with one attempt per call, so that errors correspond one to one. */
function clientWithCanary(): CanaryClient {
  return new CanaryClient({ ...served.settings, canary: { retry: { attempts: 0 }, breaker: false } });
}

test.each(recordings)(
  'gives the same value, chunks or error, and the right attempt record, for $file',
  async (recording) => {
    const exception = exceptionOf(recording.file);
    const ai = clientWithCanary();
    const attempts = attemptsOf(ai);
    const alone = await see(callFor(new OpenAI(served.settings), recording));
    const seen = await see(callFor(ai, recording));
    expect(seen).toEqual(exception?.sees?.(alone) ?? alone);
    const usual = { ...usageExpected(recording), ...(!alone.error && { outcome: 'success' }) };
    expect(attempts).toEqual([expect.objectContaining({ ...usual, ...exception?.record })]);
    expect(attempts).toSatisfy(isHonestFor(recording));
    compared.bodies += 1;
    compared.chunks += seen.chunks.length;
  },
);

test.each(recordings.filter(isChatStream))('shows no usage in $file unless requested', async (recording) => {
  const unasked = withoutUsageOption(recording);
  const alone = withoutUsage(await see(callFor(new OpenAI(served.settings), unasked)));
  const seen = await see(callFor(clientWithCanary(), unasked));
  expect(seen).toEqual(exceptionOf(recording.file)?.sees?.(alone) ?? alone);
  compared.unasked += 1;
});

test.each(recordings.filter(isAnswer))(
  'gives the same raw text, and records the usage, for $file',
  async (recording) => {
    const ai = clientWithCanary();
    const attempt = new Promise<AttemptRecord>((resolve) => void ai.canary.once('attempt', resolve));
    const alone = (await rawText(callFor(new OpenAI(served.settings), recording))).text;
    const text = recording.file === USAGE_UNASKED ? withoutUsageEvents(alone) : alone;
    const exception = exceptionOf(recording.file);
    expect(await rawText(callFor(ai, recording))).toEqual(rawWith(exception, text));
    const record = { ...usageExpected(recording), ...(exception?.rejectsRaw && exception.record) };
    expect(await attempt).toEqual(expect.objectContaining({ ...record, ...RAW_RECORDS[recording.file] }));
    expect([await attempt]).toSatisfy(isHonestFor(recording, isReported(recording) || recording.file in RAW_RECORDS));
    compared.raw += 1;
  },
);

test.each(recordings.filter(isChatStream))(
  'shows no usage chunk in the raw text of $file unless requested',
  async (recording) => {
    const unasked = withoutUsageOption(recording);
    const alone = await rawText(callFor(new OpenAI(served.settings), unasked));
    const seen = await rawText(callFor(clientWithCanary(), unasked));
    expect(seen).toEqual(rawWith(exceptionOf(recording.file), withoutUsageEvents(alone.text)));
  },
);

/** The expected usage: that of the recording, not marked as an estimate. */
function usageExpected(recording: Recording): object {
  const usage = usageIn(recording);
  return usage ? { usage, usageEstimated: false } : {};
}

function isReported(recording: Recording): boolean {
  return usageIn(recording) !== undefined;
}

/** Whether usage is missing or marked as an estimate if the provider did not report it. */
function isHonestFor(
  recording: Recording,
  reported = isReported(recording),
): (attempts: readonly AttemptRecord[]) => boolean {
  return (attempts) =>
    attempts.every(({ usage, usageEstimated }) => reported || (usage !== undefined) === usageEstimated);
}

/** The raw text to its end, and what rejects after it. */
function rawWith(exception: Exception | undefined, text: string): unknown {
  if (!exception?.rejectsRaw) return { text };
  return exception.rejectsRaw === 'call' ? { text: '', rejected: 'call' } : { text, rejected: 'body' };
}

test.skipIf(!recorded)(`compares enough bodies and chunks, and every exception is a recording${skipNote}`, () => {
  const { bodies, chunks, unasked, raw } = compared;
  const seen = EXCEPTIONS.filter(({ sees }) => sees).flatMap(({ files }) => files);
  const recordedOnly = EXCEPTIONS.filter(({ sees }) => !sees).flatMap(({ files }) => files);
  // oxlint-disable-next-line no-console -- shows in the test output how much was compared
  console.info(
    `with canary: {}, compared with the SDK alone: ${bodies} bodies (${chunks} chunks), ${unasked} streams without asking for ` +
      `usage, ${raw} raw texts; exceptions: ${seen.length} that the caller sees, ${recordedOnly.length} in attempt records only`,
  );
  expect(bodies).toBeGreaterThan(200);
  expect(chunks).toBeGreaterThan(2_500);
  const files = new Set(recordings.map(({ file }) => file));
  expect([...seen, ...recordedOnly, ...Object.keys(RAW_RECORDS)].filter((file) => !files.has(file))).toEqual([]);
});
