/** Surfaces whose answers have no usage: they are metered by what can be counted, or counted as unpriced. */

import { describe, expect, test } from 'vitest';
import { BudgetExceededError, type BudgetOptions, CanaryClient, type CanaryOptions } from '../../src/index.ts';
import { drain } from '../support/calls.ts';
import { json, response, type Reply } from '../support/replies.ts';
import { setUp } from '../support/set-up.ts';
import { events } from '../support/stream-replies.ts';

const BUDGET: BudgetOptions = { name: 'daily', per: 'day', limitUsd: 1, onExceeded: 'reject' };
const PRICES = {
  openai: { inputPerMTok: 2, outputPerMTok: 8, imageUsd: 0.3, speechPerMCharUsd: 15, audioPerHourUsd: 0.36 },
};
const PICTURES = json({ created: 0, data: [{ b64_json: 'AA==' }, { b64_json: 'AA==' }] });
const SOUND: Reply = () => new Response(new Uint8Array(8), { headers: { 'content-type': 'audio/mpeg' } });

function paid(canary: CanaryOptions = {}) {
  return setUp({ canary: { prices: PRICES, budgets: [BUDGET], ...canary } });
}

const sound = () => new File([new Uint8Array(8)], 'sound.wav');

describe('without usage', () => {
  test('images are priced by the piece', async () => {
    const { ai, providers } = paid();
    providers.usually('openai', PICTURES);
    await ai.images.generate({ model: 'dall-e-3', prompt: 'A cat.', n: 2 });
    expect(ai.canary.costs().total).toMatchObject({ attempts: 1, costUsd: 0.6, unpriced: 0 });
    expect(ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: 0.6, reservedUsd: 0 });
  });

  test('speech is priced by its characters', async () => {
    const { ai, providers } = paid();
    providers.usually('openai', SOUND);
    await ai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'a'.repeat(2_000) });
    expect(ai.canary.costs().total).toMatchObject({ costUsd: 0.03, unpriced: 0 });
  });

  test.each([
    ['the usage', { text: 'Hello.', usage: { type: 'duration', seconds: 900 } }],
    ['the duration', { text: 'Hello.', duration: 900 }],
  ])('a transcription is priced by the seconds that %s states', async (_, answer) => {
    const { ai, providers } = paid();
    providers.usually('openai', json(answer));
    await ai.audio.transcriptions.create({ model: 'whisper-1', file: sound() });
    expect(ai.canary.costs().total.costUsd).toBeCloseTo(0.09, 12);
    expect(ai.canary.costs({ by: 'model' }).rows).toMatchObject([{ name: 'whisper-1' }]);
  });

  test('a call whose cost cannot be known counts as unpriced', async () => {
    const { ai, providers } = paid({ prices: { openai: { inputPerMTok: 2, outputPerMTok: 8 } } });
    providers.script('openai', PICTURES, SOUND, json({ text: 'Hello.' }));
    await ai.images.generate({ model: 'dall-e-3', prompt: 'A cat.' });
    await ai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello.' });
    await ai.audio.transcriptions.create({ model: 'whisper-1', file: sound() });
    expect(ai.canary.costs().total).toMatchObject({ attempts: 3, costUsd: 0, unpriced: 3 });
  });

  test('without a `canary` option they are metered, too', async () => {
    const { providers } = setUp();
    const bare = new CanaryClient({
      apiKey: 'key',
      baseURL: 'https://api.openai.com/v1',
      fetch: providers.fetch,
    });
    providers.usually('api', SOUND);
    await bare.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'a'.repeat(2_000) });
    expect(bare.canary.costs().total.costUsd).toBeCloseTo(0.03, 12);
  });
});

test('the usage of an image wins over the count, streamed or not', async () => {
  const { ai, providers } = paid();
  const usage = { input_tokens: 50, output_tokens: 4_000, total_tokens: 4_050 };
  providers.script('openai', json({ created: 0, data: [{}], usage }));
  await ai.images.generate({ model: 'gpt-image-1', prompt: 'A cat.' });
  const costUsd = (50 * 2 + 4_000 * 8) / 1e6;
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(costUsd, 12);
  providers.script('openai', events([{ event: { type: 'image_generation.completed', usage } }], { done: false }));
  await drain(await ai.images.generate({ model: 'gpt-image-1', prompt: 'A cat.', stream: true }));
  expect(ai.canary.costs().total.costUsd).toBeCloseTo(2 * costUsd, 12);
});

describe('a spent budget', () => {
  async function spend() {
    const world = paid({ budgets: [{ ...BUDGET, limitUsd: 0.6 }] });
    world.providers.script('openai', PICTURES);
    await world.ai.images.generate({ model: 'dall-e-3', prompt: 'A cat.', n: 2 });
    return world;
  }

  test('refuses what is paid', async () => {
    const { ai, providers } = await spend();
    const asked = providers.to('openai').length;
    await expect(ai.images.generate({ model: 'dall-e-3', prompt: 'A cat.' })).rejects.toThrow(BudgetExceededError);
    await expect(ai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'Hello.' })).rejects.toThrow(
      BudgetExceededError,
    );
    await expect(ai.audio.transcriptions.create({ model: 'whisper-1', file: sound() })).rejects.toThrow(
      BudgetExceededError,
    );
    expect(providers.to('openai')).toHaveLength(asked);
  });

  test('lets pass what is free: moderations, lists, polls', async () => {
    const { ai, providers } = await spend();
    providers.script('openai', json({ id: 'modr', model: 'm', results: [{ flagged: false }] }));
    await expect(ai.moderations.create({ input: 'Hello.' })).resolves.toMatchObject({ id: 'modr' });
    providers.script('openai', json({ object: 'list', data: [] }), response('resp_1'));
    await expect(ai.models.list()).resolves.toMatchObject({ data: [] });
    await expect(ai.responses.retrieve('resp_1')).resolves.toMatchObject({ id: 'resp_1' });
  });
});

describe('a response in the background', () => {
  const QUEUED = response('resp_1', { status: 'queued', background: true, usage: null });
  const DONE = response('resp_1', {
    status: 'completed',
    background: true,
    usage: { input_tokens: 100_000, output_tokens: 10_000, total_tokens: 110_000 },
  });
  const COST_USD = 0.28;
  const ask = { model: 'gpt-4.1', input: 'Hello?', background: true, max_output_tokens: 50_000 } as const;

  test('is counted once, by the poll that has its usage', async () => {
    const { ai, providers } = paid();
    providers.script('openai', QUEUED, QUEUED, DONE, DONE);
    await ai.responses.create(ask);
    expect(ai.canary.costs().total).toMatchObject({ costUsd: 0, unpriced: 1 });
    expect(ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: 0, reservedUsd: expect.closeTo(0.4, 3) });
    for (let poll = 0; poll < 3; poll += 1) await ai.responses.retrieve('resp_1');
    expect(ai.canary.costs().total).toMatchObject({ costUsd: expect.closeTo(COST_USD, 9), unpriced: 0 });
    expect(ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: expect.closeTo(COST_USD, 9), reservedUsd: 0 });
  });

  test('gives its reservation back if it was cancelled', async () => {
    const { ai, providers } = paid();
    const cancelled = response('resp_1', { status: 'cancelled', background: true, usage: null });
    providers.script('openai', QUEUED, cancelled);
    await ai.responses.create(ask);
    await ai.responses.retrieve('resp_1');
    expect(ai.canary.costs().total).toMatchObject({ costUsd: 0, unpriced: 1 });
    expect(ai.canary.snapshot().budgets[0]).toMatchObject({ spentUsd: 0, reservedUsd: 0 });
  });

  test('is not counted again by a poll if its stream had the usage', async () => {
    const { ai, providers } = paid();
    const finished = { id: 'resp_1', background: true, usage: { input_tokens: 100_000, output_tokens: 10_000 } };
    const stream = [
      { event: { type: 'response.created', response: { id: 'resp_1' } } },
      { event: { type: 'response.completed', response: finished } },
    ];
    providers.script('openai', events(stream, { done: false }), DONE);
    await drain(await ai.responses.create({ ...ask, stream: true }));
    await ai.responses.retrieve('resp_1');
    expect(ai.canary.costs().total.costUsd).toBeCloseTo(COST_USD, 9);
  });

  test('of another process is counted only if it ended while this one ran', async () => {
    const { ai, providers, clock } = paid();
    const endedAt = (ms: number, id: string) =>
      response(id, {
        background: true,
        usage: { input_tokens: 100_000, output_tokens: 10_000 },
        completed_at: ms / 1_000,
      });
    providers.script('openai', endedAt(clock.now() - 1_000, 'resp_2'), endedAt(clock.now() + 1_000, 'resp_3'));
    await ai.responses.retrieve('resp_2');
    expect(ai.canary.costs().total.costUsd).toBe(0);
    await ai.responses.retrieve('resp_3');
    expect(ai.canary.costs().total.costUsd).toBeCloseTo(COST_USD, 9);
  });

  test('that did not run in the background is not counted by a look at it', async () => {
    const { ai, providers } = paid();
    providers.script('openai', response('resp_1'), response('resp_1'));
    await ai.responses.create({ model: 'gpt-4.1', input: 'Hello?' });
    const { costUsd } = ai.canary.costs().total;
    await ai.responses.retrieve('resp_1');
    expect(ai.canary.costs().total.costUsd).toBe(costUsd);
  });
});
