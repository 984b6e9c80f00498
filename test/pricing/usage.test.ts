import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { usageOf } from '../../src/pricing/usage.ts';

const plain = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const read = { inputTokens: 10, outputTokens: 4, cachedInputTokens: 0, reasoningTokens: 0 };

describe('finds usage', () => {
  test.each([
    ['in a whole body and in a last chunk without choices', { choices: [], usage: plain }],
    ['in Groq’s own member', { choices: [{ index: 0 }], x_groq: { id: 'r', usage: plain } }],
    ['next to null', { usage: null, x_groq: { usage: plain } }],
    ['next to an empty object', { usage: {}, x_groq: { usage: plain } }],
    ['in Kimi’s choice', { choices: [{ index: 0, delta: {}, usage: plain }] }],
    ['in the choice that has it', { choices: [null, { usage: null }, { usage: plain }] }],
  ])('%s', (_, body) => {
    expect(usageOf('chat', body)).toEqual(read);
  });

  test('in the last event of a Responses stream', () => {
    const usage = { input_tokens: 10, output_tokens: 4, total_tokens: 14 };
    expect(usageOf('responses', { type: 'response.completed', response: { usage } })).toEqual(read);
    expect(usageOf('responses', { object: 'response', usage })).toEqual(read);
    expect(usageOf('responses', { type: 'response.created', response: { usage: null } })).toBeUndefined();
  });

  test('of embeddings, which have no output', () => {
    expect(usageOf('embeddings', { usage: { prompt_tokens: 8, total_tokens: 8 } })).toMatchObject({
      inputTokens: 8,
      outputTokens: 0,
    });
    expect(usageOf('embeddings', { usage: { prompt_tokens: 8 } })).toMatchObject({ inputTokens: 8, outputTokens: 0 });
    expect(usageOf('embeddings', { usage: { total_tokens: 8 } })).toMatchObject({ inputTokens: 8, outputTokens: 0 });
  });
});

describe('reads cached tokens in the spelling', () => {
  test.each([
    ['of OpenAI’s chat', { prompt_tokens_details: { cached_tokens: 7 } }],
    ['of OpenAI’s responses', { input_tokens_details: { cached_tokens: 7 } }],
    ['of DeepSeek', { prompt_cache_hit_tokens: 7, prompt_cache_miss_tokens: 3 }],
    ['of Kimi', { cached_tokens: 7 }],
    ['of Mistral', { num_cached_tokens: 7 }],
    ['of Anthropic, behind a gateway that counts as OpenAI does', { cache_read_input_tokens: 7 }],
    ['that is not zero, if there are two', { prompt_tokens_details: { cached_tokens: 0 }, prompt_cache_hit_tokens: 7 }],
  ])('%s', (_, spelling) => {
    expect(usageOf('chat', { usage: { ...plain, ...spelling } })).toEqual({ ...read, cachedInputTokens: 7 });
  });

  test('but never more than the input', () => {
    expect(usageOf('chat', { usage: { ...plain, cached_tokens: 99 } })?.cachedInputTokens).toBe(10);
  });
});

describe('reads cache writes in the spelling', () => {
  test.each([
    ['of OpenAI’s chat', { prompt_tokens_details: { cache_write_tokens: 7 } }],
    ['of OpenAI’s responses', { input_tokens_details: { cache_write_tokens: 7 } }],
    ['of Anthropic', { cache_creation_input_tokens: 7 }],
    ['of LiteLLM', { prompt_tokens_details: { cache_creation_tokens: 7 } }],
  ])('%s', (_, spelling) => {
    expect(usageOf('chat', { usage: { ...plain, ...spelling } })).toEqual({ ...read, cacheWriteTokens: 7 });
  });

  test('and counts them in addition to cached tokens, within the input', () => {
    const usage = { ...plain, prompt_tokens_details: { cached_tokens: 8, cache_write_tokens: 9 } };
    expect(usageOf('chat', { usage })).toMatchObject({ cachedInputTokens: 8, cacheWriteTokens: 2 });
  });
});

test('adds cached tokens to the input of Anthropic’s own format', () => {
  const usage = { input_tokens: 10, cache_creation_input_tokens: 2, cache_read_input_tokens: 1, output_tokens: 4 };
  expect(usageOf('chat', { usage })).toEqual({ ...read, inputTokens: 13, cachedInputTokens: 1, cacheWriteTokens: 2 });
});

test.each([
  ['of audio input', { prompt_tokens_details: { audio_tokens: 3 } }, { audioInputTokens: 3 }],
  ['of audio input in the Responses API', { input_tokens_details: { audio_tokens: 3 } }, { audioInputTokens: 3 }],
  ['of audio output', { completion_tokens_details: { audio_tokens: 3 } }, { audioOutputTokens: 3 }],
  ['of audio input in a transcription', { input_token_details: { audio_tokens: 3 } }, { audioInputTokens: 3 }],
  ['of image input', { prompt_tokens_details: { image_tokens: 3 } }, { imageInputTokens: 3 }],
  ['of image output', { output_tokens_details: { image_tokens: 3 } }, { imageOutputTokens: 3 }],
  [
    'of image output, if the provider states that there are none',
    { completion_tokens_details: { image_tokens: 0, text_tokens: 4 } },
    { imageOutputTokens: 0 },
  ],
  ['of no images, as many providers send with every answer', { completion_tokens_details: { image_tokens: 0 } }, {}],
  ['of more audio output than output', { output_tokens_details: { audio_tokens: 99 } }, { audioOutputTokens: 4 }],
])('counts tokens %s as part of the whole', (_, spelling, expected) => {
  expect(usageOf('chat', { usage: { ...plain, ...spelling } })).toEqual({ ...read, ...expected });
});

test('reads the part of Anthropic’s cache writes that is kept for an hour', () => {
  const usage = {
    input_tokens: 10,
    output_tokens: 4,
    cache_creation_input_tokens: 7,
    cache_creation: { ephemeral_1h_input_tokens: 5, ephemeral_5m_input_tokens: 2 },
  };
  expect(usageOf('chat', { usage })).toEqual({
    ...read,
    inputTokens: 17,
    cacheWriteTokens: 7,
    cacheWrite1hTokens: 5,
  });
});

test.each([
  ['fast mode', { speed: 'fast' }],
  ['regional processing', { inference_geo: 'us' }],
])('reads the surcharge for %s', (surcharge, fields) => {
  expect(usageOf('chat', { usage: { ...plain, ...fields } })).toEqual({ ...read, surcharges: [surcharge] });
});

test('reads the seconds of a transcription that is billed by time', () => {
  expect(usageOf('chat', { usage: { type: 'duration', seconds: 90 } })).toMatchObject({
    inputTokens: 0,
    audioInputSeconds: 90,
  });
});

describe('paid tools', () => {
  const search = (action: object, more = {}) => ({ type: 'web_search_call', status: 'completed', action, ...more });

  test.each([
    ['web searches of a response', { output: [search({ type: 'search' }), search({})] }, { webSearches: 2 }],
    ['web searches of a response event', { response: { output: [search({})] } }, { webSearches: 1 }],
    ['file searches', { output: [{ type: 'file_search_call' }] }, { fileSearches: 1 }],
    ['code execution', { output: [{ type: 'code_interpreter_call' }] }, { otherPaidTools: 1 }],
    ['generated images', { output: [{ type: 'image_generation_call' }] }, { otherPaidTools: 1 }],
    ['tools that Groq executed', { choices: [{ message: { executed_tools: [{}, {}] } }] }, { otherPaidTools: 2 }],
    [
      'the preview search, whose price depends on the model',
      { output: [search({})], tools: [{ type: 'web_search_preview_2025_03_11' }] },
      { otherPaidTools: 1 },
    ],
  ])('counts %s', (_, body, expected) => {
    expect(usageOf('responses', { usage: plain, ...body })).toEqual({ ...read, ...expected });
  });

  test.each([
    ['searches in Anthropic’s usage', { server_tool_use: { web_search_requests: 3 } }, { webSearches: 3 }],
    ['sources in xAI’s usage', { num_sources_used: 3 }, { otherPaidTools: 3 }],
  ])('counts %s', (_, fields, expected) => {
    expect(usageOf('chat', { usage: { ...plain, ...fields } })).toEqual({ ...read, ...expected });
  });

  test.each([
    ['a page that was opened', { output: [search({ type: 'open_page' })] }],
    ['a search that failed', { output: [search({ type: 'search' }, { status: 'failed' })] }],
    ['a function call', { output: [{ type: 'function_call' }, { type: 'message' }] }],
  ])('does not count %s', (_, body) => {
    expect(usageOf('responses', { usage: plain, ...body })).toEqual(read);
  });
});

describe('the service tier', () => {
  test.each([
    ['next to the usage', { service_tier: 'flex', usage: plain }],
    ['in the response of an event', { response: { service_tier: 'flex', usage: plain } }],
    ['within the usage', { usage: { ...plain, service_tier: 'flex' } }],
  ])('is found %s', (_, body) => {
    expect(usageOf('chat', body)).toEqual({ ...read, serviceTier: 'flex' });
  });

  test('`fast` is the newer name of `priority`', () => {
    expect(usageOf('chat', { service_tier: 'fast', usage: plain })).toEqual({ ...read, serviceTier: 'priority' });
  });

  test.each(['scale', 'performance', 'sk-secret'])('%j is another tier, and its name is not kept', (tier) => {
    expect(usageOf('chat', { service_tier: tier, usage: plain })).toEqual({ ...read, serviceTier: 'other' });
  });

  test.each(['default', 'auto', 'standard', 'standard_only', 'on_demand', '', 7, null])(
    '%j is the standard tier',
    (tier) => {
      expect(usageOf('chat', { service_tier: tier, usage: plain })).toEqual(read);
    },
  );
});

describe('reasoning tokens', () => {
  test.each([
    ['of chat', { completion_tokens_details: { reasoning_tokens: 3 } }],
    ['of responses', { output_tokens_details: { reasoning_tokens: 3 } }],
    ['of Perplexity', { reasoning_tokens: 3 }],
  ])('%s are part of the output', (_, spelling) => {
    expect(usageOf('chat', { usage: { ...plain, ...spelling } })).toEqual({ ...read, reasoningTokens: 3 });
  });

  test('that the output excludes are derived from the total', () => {
    const xai = {
      prompt_tokens: 12,
      completion_tokens: 2,
      total_tokens: 354,
      completion_tokens_details: { reasoning_tokens: 340 },
    };
    expect(usageOf('chat', { usage: xai })).toMatchObject({ inputTokens: 12, outputTokens: 342, reasoningTokens: 340 });
  });

  test('are never more than the output', () => {
    const usage = { ...plain, completion_tokens_details: { reasoning_tokens: 21 } };
    expect(usageOf('chat', { usage })?.reasoningTokens).toBe(4);
  });
});

describe('a count that is missing', () => {
  test('is derived from the total', () => {
    expect(usageOf('completions', { usage: { prompt_tokens: 11, total_tokens: 11 } })).toMatchObject({
      outputTokens: 0,
    });
    expect(usageOf('chat', { usage: { completion_tokens: 4, total_tokens: 14 } })).toEqual(read);
  });

  test('is not invented', () => {
    expect(usageOf('chat', { usage: { prompt_tokens: 10 } })).toBeUndefined();
    expect(usageOf('chat', { usage: { completion_tokens: 4 } })).toBeUndefined();
    expect(usageOf('chat', { usage: { total_tokens: 14 } })).toBeUndefined();
    expect(usageOf('chat', { usage: { prompt_tokens: 10, total_tokens: 4 } })).toBeUndefined();
    expect(usageOf('chat', { usage: { completion_tokens: 14, total_tokens: 4 } })).toBeUndefined();
  });

  test('is not replaced by an invalid value', () => {
    for (const odd of [-1, NaN, Infinity, '10', null, true, {}]) {
      expect(usageOf('chat', { usage: { prompt_tokens: odd, completion_tokens: 4 } })).toBeUndefined();
      expect(usageOf('chat', { usage: { ...plain, cached_tokens: odd } })).toEqual(read);
    }
  });
});

test('ignores a total that is smaller than its parts', () => {
  expect(usageOf('chat', { usage: { ...plain, total_tokens: 3 } })).toEqual(read);
  expect(usageOf('chat', { usage: { ...plain, total_tokens: 12 } })).toEqual(read);
});

test('never throws, and reads plausible counts from any body', () => {
  const surface = fc.constantFrom(
    'chat' as const,
    'completions' as const,
    'responses' as const,
    'embeddings' as const,
    'moderations' as const,
  );
  const odd = fc.oneof(fc.anything(), fc.nat(), fc.double());
  const details = fc.option(fc.record({ cached_tokens: odd, reasoning_tokens: odd }, { requiredKeys: [] }));
  const usage = fc.record(
    {
      prompt_tokens: odd,
      completion_tokens: odd,
      total_tokens: odd,
      input_tokens: odd,
      output_tokens: odd,
      cached_tokens: odd,
      prompt_tokens_details: details,
      completion_tokens_details: details,
    },
    { requiredKeys: [] },
  );
  const place = fc.oneof(fc.anything(), usage);
  const body = fc.record(
    {
      usage: place,
      x_groq: fc.record({ usage: place }),
      response: fc.anything(),
      choices: fc.oneof(fc.anything(), fc.array(fc.record({ usage: place }))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(surface, fc.oneof(fc.anything(), body), (on, value) => {
      const found = usageOf(on, value);
      if (found === undefined) return;
      for (const count of Object.values(found)) expect(count).toBeGreaterThanOrEqual(0);
      expect(found.cachedInputTokens).toBeLessThanOrEqual(found.inputTokens);
      expect(found.reasoningTokens).toBeLessThanOrEqual(found.outputTokens);
    }),
    { numRuns: 1_000 },
  );
});
