/** Raw streams are checked like parsed streams, and keep the provider's bytes. */

import { describe, expect, test } from 'vitest';
import { StreamInterruptedError } from '../../src/index.ts';
import { STREAM_BODY, errorWithin, watch, within } from '../support/calls.ts';
import { OVERLOADED, RESET, ROLE, STOP, USAGE_STEP, listening, say } from '../support/chat-steps.ts';
import { chatStream, events, type StreamStep } from '../support/stream-replies.ts';
import { setUpCanary, type SetUp, type SetUpOptions } from '../support/set-up.ts';

const openRaw = ({ ai }: SetUp): Promise<Response> => ai.chat.completions.create(STREAM_BODY).asResponse();
const wait = (waitMs: number): StreamStep => ({ waitMs });
const textIn = (steps: readonly StreamStep[]): string =>
  steps.map((step) => ('event' in step ? `data: ${JSON.stringify(step.event)}\n\n` : '')).join('');

/** A canary that streams `steps`; the fallback `openai` answers "Hello.". */
function streaming(steps: readonly StreamStep[], { done = false, ...options }: SetUpOptions & { done?: boolean } = {}) {
  const set = setUpCanary({ client: { maxRetries: 0, logLevel: 'off' }, ...options });
  const { reply, hungUp } = listening(events(steps, { done }));
  set.providers.usually('gemini', reply);
  return { ...set, hungUp };
}

/** The received text, and the error that the body ended with. */
async function drainText(response: Response): Promise<{ text: string; error: unknown }> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body!) text += decoder.decode(bytes, { stream: true });
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

const FAILURES: readonly (readonly [string, readonly StreamStep[], string])[] = [
  ['an error of the provider', [OVERLOADED], 'server'],
  ['a connection that breaks', [RESET], 'connection'],
  ['an end without finish_reason', [], 'truncated'],
  ['an event that is not JSON', [{ event: '{"choices' }], 'malformed'],
];

describe('falls back silently before the first content, after', () => {
  test.each(FAILURES)('%s', async (_name, steps, kind) => {
    const set = streaming([ROLE, ...steps]);
    const { text, error } = await drainText(await openRaw(set));
    expect([text.includes('Hello.'), error]).toEqual([true, undefined]);
    expect(set.events.of('attempt')).toMatchObject([
      { upstream: 'gemini', outcome: 'failure', kind },
      { upstream: 'openai', outcome: 'success', reason: 'fallback' },
    ]);
    expect(set.events.of('call')).toMatchObject([{ upstream: 'openai', outcome: 'success', fallbacks: 1 }]);
  });

  test('silence of 30 s, and closes the socket', async () => {
    const set = streaming([ROLE, wait(Infinity)], { canary: { timeouts: { firstChunk: '30s' } } });
    const response = await within(set.clock, 30_000, openRaw(set));
    expect((await drainText(response)).text).toContain('Hello.');
    expect(set.hungUp()).toEqual([true]);
    expect(set.events.of('attempt')).toMatchObject([{ kind: 'timeout', phase: 'firstChunk' }, { upstream: 'openai' }]);
  });

  test('an error, whatever follows it in the same bytes', async () => {
    const set = streaming([]);
    const steps = textIn([ROLE, OVERLOADED, say('Hel'), STOP]);
    set.providers.usually('gemini', () => new Response(steps, { headers: { 'content-type': 'text/event-stream' } }));
    const { text, error } = await drainText(await openRaw(set));
    expect([text.includes('Hello.'), text.includes('Overloaded'), error]).toEqual([true, false, undefined]);
    expect(set.providers.asked).toEqual(['gemini', 'openai']);
  });

  test('or rejects the call without another upstream', async () => {
    const set = streaming([OVERLOADED], { canary: { fallbacks: [] } });
    expect(await errorWithin(set.clock, 0, openRaw(set))).toMatchObject({ message: 'Overloaded.' });
  });
});

describe('fails the body after the first content, after', () => {
  test.each(FAILURES)('%s', async (_name, steps, kind) => {
    const set = streaming([ROLE, say('Hel'), say('lo'), ...steps], { done: false });
    const { text, error } = await drainText(await openRaw(set));
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ partialText: 'Hello', upstream: 'gemini', usageEstimated: true });
    expect(text.startsWith(textIn([ROLE, say('Hel'), say('lo')]))).toBe(true);
    expect(set.providers.asked).toEqual(['gemini']);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind, usageEstimated: true }]);
  });

  test.each([FAILURES[0]!, FAILURES[3]!])(
    '%s, which is given with all the bytes that follow it',
    async (_name, steps, kind) => {
      const rest = [say('lo'), STOP];
      const set = streaming([ROLE, say('Hel'), ...steps, ...rest], { done: true });
      const { text, error } = await drainText(await openRaw(set));
      expect(error).toBeInstanceOf(StreamInterruptedError);
      expect(text.endsWith(`${textIn(rest)}data: [DONE]\n\n`)).toBe(true);
      expect(set.providers.asked).toEqual(['gemini']);
      expect(set.events.of('attempt')).toMatchObject([{ outcome: 'failure', kind }]);
    },
  );

  test('silence of 30 s', async () => {
    const set = streaming([say('Hel'), wait(Infinity)], { canary: { timeouts: { idle: '30s' } } });
    const { error } = await within(set.clock, 30_000, openRaw(set).then(drainText));
    expect(error).toMatchObject({ name: 'StreamInterruptedError', cause: { phase: 'idle' } });
    expect(set.hungUp()).toEqual([true]);
  });
});

describe('what the caller gets', () => {
  test('resolves at the first content', async () => {
    const set = streaming([ROLE, wait(5_000), say('Hi'), STOP]);
    const call = watch(openRaw(set));
    await set.clock.advance(4_999);
    expect(call.now.state).toBe('pending');
    await set.clock.advance(1);
    expect(call.now.state).toBe('resolved');
  });

  test('is the provider’s body byte for byte, without the usage that we requested', async () => {
    const steps = [ROLE, say('Hel'), say('lo'), STOP];
    const set = streaming([...steps, USAGE_STEP], { done: true });
    const { text, error } = await drainText(await openRaw(set));
    expect([text, error]).toEqual([`${textIn(steps)}data: [DONE]\n\n`, undefined]);
    const [attempt] = set.events.of('attempt');
    expect(attempt).toMatchObject({ outcome: 'success', usageEstimated: false });
    expect(attempt?.usage).toBeDefined();
  });

  test('is the same stream if it is parsed afterwards', async () => {
    const set = streaming([ROLE, say('Hel'), say('lo'), STOP, USAGE_STEP]);
    const promise = set.ai.chat.completions.create(STREAM_BODY);
    await promise.asResponse();
    const chunks = await Array.fromAsync(await promise);
    expect(chunks).toHaveLength(4);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });

  test('counts as an abort with estimated usage if it is cancelled', async () => {
    const set = streaming([ROLE, say('Hel'), wait(Infinity)]);
    const { body } = await openRaw(set);
    await body!.cancel();
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'aborted', usageEstimated: true }]);
    expect(set.events.of('fallback')).toEqual([]);
  });

  test('ends 15 s after its last byte when it is complete, even if the provider keeps the connection open', async () => {
    const set = streaming([ROLE, say('Hi'), STOP, wait(Infinity)]);
    const { text, error } = await within(set.clock, 15_000, openRaw(set).then(drainText));
    expect([text, error]).toEqual([textIn([ROLE, say('Hi'), STOP]), undefined]);
    expect(set.events.of('attempt')).toMatchObject([{ outcome: 'success' }]);
  });

  test('is a complete answer if the call is buffered', async () => {
    const set = streaming([ROLE, say('Hel'), RESET], { canary: { stream: 'buffered' } });
    set.providers.usually('openai', chatStream(['Hel', 'lo', '.']));
    const { text, error } = await drainText(await openRaw(set));
    expect([text.includes('"lo"'), error]).toEqual([true, undefined]);
  });
});
