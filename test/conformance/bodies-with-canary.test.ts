/** With a `canary` option a caller sees what the SDK alone would show, but for a list of exceptions that each has its reason. */

import { OpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CanaryClient, type AttemptRecord } from '../../src/index.ts';
import { splitEvents } from '../../src/testing/answers/sse.ts';
import { attemptsOf, usageIn } from './support/attempts-of.ts';
import { callFor, rawText, see } from './support/call-for.ts';
import { EXCEPTIONS, RAW_ACCOUNT, USAGE_UNASKED, exceptionOf, type Exception } from './support/exceptions.ts';
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

/** One attempt a call, so that errors are compared one to one. */
function clientWithCanary(): CanaryClient {
  return new CanaryClient({ ...served.settings, canary: { retry: { attempts: 0 }, breaker: false } });
}

test.each(recordings)('value, chunks or error, and account, of $file', async (recording) => {
  const exception = exceptionOf(recording.file);
  const ai = clientWithCanary();
  const attempts = attemptsOf(ai);
  const alone = await see(callFor(new OpenAI(served.settings), recording));
  const seen = await see(callFor(ai, recording));
  expect(seen).toEqual(exception?.sees?.(alone) ?? alone);
  const usual = { ...usageExpected(recording), ...(!alone.error && { outcome: 'success' }) };
  expect(attempts).toEqual([expect.objectContaining({ ...usual, ...exception?.account })]);
  expect(attempts).toSatisfy(isHonestFor(recording));
  compared.bodies += 1;
  compared.chunks += seen.chunks.length;
});

test.each(recordings.filter(isChatStream))('who does not ask for usage sees none in $file', async (recording) => {
  const unasked = withoutUsageOption(recording);
  const alone = withoutUsage(await see(callFor(new OpenAI(served.settings), unasked)));
  const seen = await see(callFor(clientWithCanary(), unasked));
  expect(seen).toEqual(exceptionOf(recording.file)?.sees?.(alone) ?? alone);
  compared.unasked += 1;
});

test.each(recordings.filter(isAnswer))('the raw text, and the usage, of $file', async (recording) => {
  const ai = clientWithCanary();
  const attempt = new Promise<AttemptRecord>((resolve) => void ai.canary.once('attempt', resolve));
  const alone = (await rawText(callFor(new OpenAI(served.settings), recording))).text;
  const text = recording.file === USAGE_UNASKED ? withoutUsageEvents(alone) : alone;
  const exception = exceptionOf(recording.file);
  expect(await rawText(callFor(ai, recording))).toEqual(rawWith(exception, text));
  const account = { ...usageExpected(recording), ...(exception?.rejectsRaw && exception.account) };
  expect(await attempt).toEqual(expect.objectContaining({ ...account, ...RAW_ACCOUNT[recording.file] }));
  expect([await attempt]).toSatisfy(isHonestFor(recording, isTold(recording) || recording.file in RAW_ACCOUNT));
  compared.raw += 1;
});

test.each(recordings.filter(isChatStream))(
  'who does not ask for usage has no chunk of it in the raw text of $file',
  async (recording) => {
    const unasked = withoutUsageOption(recording);
    const alone = await rawText(callFor(new OpenAI(served.settings), unasked));
    const seen = await rawText(callFor(clientWithCanary(), unasked));
    expect(seen).toEqual(rawWith(exceptionOf(recording.file), withoutUsageEvents(alone.text)));
  },
);

/** The usage that was recorded, as it was told. */
function usageExpected(recording: Recording): object {
  const usage = usageIn(recording);
  return usage ? { usage, usageEstimated: false } : {};
}

function isTold(recording: Recording): boolean {
  return usageIn(recording) !== undefined;
}

/** Where no usage was told, there is none, or one that is marked as an estimate. */
function isHonestFor(recording: Recording, told = isTold(recording)): (attempts: readonly AttemptRecord[]) => boolean {
  return (attempts) => attempts.every(({ usage, usageEstimated }) => told || (usage !== undefined) === usageEstimated);
}

/** The raw text to its end; where it rejects, the bytes before that: the event that says the error is the last. */
function rawWith(exception: Exception | undefined, text: string): unknown {
  if (!exception?.rejectsRaw) return { text };
  if (exception.rejectsRaw === 'call') return { text: '', rejected: 'call' };
  const events = splitEvents(text);
  const last = events.findIndex((event) => event.includes('"error":{'));
  return { text: events.slice(0, last + 1).join(''), rejected: 'body' };
}

test.skipIf(!recorded)(`enough was compared, and every exception is a recording${skipNote}`, () => {
  const { bodies, chunks, unasked, raw } = compared;
  const seen = EXCEPTIONS.filter(({ sees }) => sees).flatMap(({ files }) => files);
  const accounted = EXCEPTIONS.filter(({ sees }) => !sees).flatMap(({ files }) => files);
  // oxlint-disable-next-line no-console -- the reader of a test run should see how much the rule was tried on
  console.info(
    `with canary: {}, compared with the SDK alone: ${bodies} bodies (${chunks} chunks), ${unasked} streams without asking for ` +
      `usage, ${raw} raw texts; exceptions: ${seen.length} that the caller sees, ${accounted.length} only in the account`,
  );
  expect(bodies).toBeGreaterThan(200);
  expect(chunks).toBeGreaterThan(2_500);
  const files = new Set(recordings.map(({ file }) => file));
  expect([...seen, ...accounted, ...Object.keys(RAW_ACCOUNT)].filter((file) => !files.has(file))).toEqual([]);
});
