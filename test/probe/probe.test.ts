/** What a probe costs, where it goes, and how it ends. */

import { describe, expect, test } from 'vitest';
import { CanaryClient, ConfigError, type ProbeOptions } from '../../src/index.ts';
import { collectEvents, startProvider } from '../../src/testing/index.ts';
import { BODY } from '../support/calls.ts';
import { RELAY, RELAY_KEY, WHOLE, clientOf, faultsOf, probeRelay } from './support.ts';

const statusOf = (report: Awaited<ReturnType<typeof probeRelay>>, name: string) =>
  report.checks.find((check) => check.name === name);

test('every request goes to the probed upstream, once', async () => {
  await using provider = await startProvider({ ...RELAY, faults: { '*': { kind: 'status', status: 503 } } });
  await using ai = clientOf(provider.url, { retry: { attempts: 5 } });
  const { checks } = await ai.canary.probe('relay', { only: ['chat'] });
  expect(provider.requests).toHaveLength(1);
  expect(checks).toMatchObject([{ name: 'chat', status: 'fail', evidence: expect.stringContaining('503') }]);
});

test('a probe is in the ledger, and in no window', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url);
  const events = collectEvents(ai, ['attempt', 'call', 'rateLimit', 'warning', 'breaker']);
  const report = await ai.canary.probe('relay', WHOLE);
  const { costUsd, attempts } = ai.canary.costs().total;
  const { relay } = ai.canary.snapshot().upstreams;
  expect(costUsd).toBeCloseTo(report.costUsd ?? NaN, 10);
  expect(attempts).toBe(provider.requests.length);
  expect(ai.canary.costs().total.savingsUsd).toBe(0);
  expect(relay).toMatchObject({ attempts: 0, failures: 0, calls: 0, costUsd: 0, pausedUntilMs: null });
  expect(ai.canary.snapshot().calls).toBe(0);
  expect(events.of('attempt').every(({ reason }) => reason === 'probe')).toBe(true);
  expect([events.of('call'), events.of('rateLimit'), events.of('breaker')]).toEqual([[], [], []]);
});

test('the costs of the checks and of the comparison sum to that of the report', async () => {
  const whole = await probeRelay();
  const checks = await probeRelay({}, { only: whole.checks.map(({ name }) => name) });
  const sum = checks.checks.reduce((total, { costUsd }) => total + (costUsd ?? 0), 0);
  expect(sum).toBeCloseTo(checks.costUsd ?? NaN, 10);
  expect(whole.costUsd).toBeGreaterThan(sum);
});

test('only what was asked for is checked', async () => {
  const report = await probeRelay({}, { only: ['choices', 'stop'] });
  expect(report.checks.map(({ name, status }) => [name, status])).toEqual([
    ['choices', 'pass'],
    ['stop', 'pass'],
  ]);
  expect(report.capabilities).toEqual({ multipleChoices: true });
});

test('what needs a model is skipped where the upstream has none', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url, { upstreams: { relay: { model: undefined } } });
  const { checks, model } = await ai.canary.probe('relay', { only: ['connection', 'chat', 'embeddings'] });
  expect(model).toBeUndefined();
  expect(checks).toMatchObject([
    { name: 'connection', status: 'pass' },
    { name: 'chat', status: 'skipped', evidence: 'no model was named' },
    { name: 'embeddings', status: 'skipped', evidence: 'no embeddingModel was named' },
  ]);
});

test('progress is told check by check, in names and numbers', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url);
  const events = collectEvents(ai, ['probe']);
  await ai.canary.probe('relay', { only: ['connection', 'chat', 'stop'] });
  expect(events.of('probe')).toMatchObject([
    { upstream: 'relay', check: 'connection', status: 'pass', done: 1, total: 3 },
    { upstream: 'relay', check: 'chat', status: 'pass', done: 2, total: 3 },
    { upstream: 'relay', check: 'stop', status: 'pass', done: 3, total: 3 },
  ]);
});

describe('a refused key', () => {
  test('is named by where it comes from, and never shown', async () => {
    await using provider = await startProvider({ ...RELAY, apiKey: 'another', defects: ['echoesKey'] });
    await using ai = clientOf(provider.url);
    const events = collectEvents(ai);
    const report = await ai.canary.probe('relay', WHOLE);
    const { host } = new URL(provider.url);
    expect(statusOf(report, 'connection')).toMatchObject({
      status: 'fail',
      evidence: `401 from ${host}: it does not take the key from canary.upstreams.relay.apiKey`,
    });
    expect(report.checks.filter(({ status }) => status === 'fail')).toHaveLength(1);
    expect(JSON.stringify([report, report.table(), events.all])).not.toContain(RELAY_KEY);
    expect(provider.requests[0]?.headers['authorization']).toContain(RELAY_KEY);
  });

  test('leaves real calls alone', async () => {
    await using provider = await startProvider({ ...RELAY, apiKey: 'another' });
    await using ai = clientOf(provider.url);
    await ai.canary.probe('relay', { only: ['connection', 'chat'] });
    expect(ai.canary.snapshot().upstreams.relay).toMatchObject({ pausedUntilMs: null, breaker: { state: 'closed' } });
  });
});

describe('a provider that hangs', () => {
  test.each([
    ['before its answer', { kind: 'silence' }],
    ['within its answer', { kind: 'stall', afterChunks: 1 }],
  ] as const)('%s is given up after the timeout', async (_, fault) => {
    await using provider = await startProvider({ ...RELAY, faults: { 'chat-model': fault } });
    await using ai = clientOf(provider.url);
    const report = await ai.canary.probe('relay', { only: ['chat', 'streaming', 'vision'], timeout: 50 });
    expect(report.checks).toMatchObject([
      { name: 'chat', status: 'fail', evidence: 'no answer in time' },
      { name: 'streaming', status: 'skipped', evidence: 'chat did not pass' },
      { name: 'vision', status: 'skipped', evidence: 'chat did not pass' },
    ]);
    expect(report.capabilities).toEqual({});
  });

  test('in one answer says nothing of what it can do', async () => {
    const fault = { kind: 'silence' } as const;
    const { checks, capabilities } = await probeRelay(
      { faults: { 'chat-model': fault } },
      { only: ['vision', 'jsonSchema'], timeout: 50 },
    );
    expect(checks.map(({ status }) => status)).toEqual(['fail', 'fail']);
    expect(capabilities).toEqual({});
  });

  test('is left by an abort, which skips the rest', async () => {
    await using provider = await startProvider({ ...RELAY, faults: { 'chat-model': { kind: 'silence' } } });
    await using ai = clientOf(provider.url);
    const stopper = new AbortController();
    ai.canary.on('probe', ({ check }) => {
      if (check === 'models') stopper.abort();
    });
    const report = await ai.canary.probe('relay', { ...WHOLE, signal: stopper.signal });
    const left = report.checks.filter(({ name }) => name !== 'connection' && name !== 'models');
    expect(new Set(left.map(({ status }) => status))).toEqual(new Set(['skipped']));
    expect(statusOf(report, 'chat')?.evidence).toBe('aborted');
    await provider.idle();
  });
});

test('a signal that is aborted already asks nothing', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url);
  const report = await ai.canary.probe('relay', { signal: AbortSignal.abort() });
  expect(provider.requests).toEqual([]);
  expect(new Set(report.checks.map(({ status }) => status))).toEqual(new Set(['skipped']));
});

describe('the budget', () => {
  test('is not gone over: what would is skipped, and says so', async () => {
    const { checks, costUsd } = await probeRelay({}, { budgetUsd: 0.01 });
    const long = checks.find(({ name }) => name === 'longOutput');
    // 4,000 tokens at 8 USD a million are 0.032 USD.
    expect(long).toMatchObject({ status: 'skipped', evidence: expect.stringContaining('over the budget of $0.01') });
    expect(costUsd).toBeLessThanOrEqual(0.01);
  });

  test('of nothing asks for what costs nothing only', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url);
    const { costUsd } = await ai.canary.probe('relay', { ...WHOLE, budgetUsd: 0 });
    expect(provider.requests.map(({ path }) => path)).toEqual(['/v1/models']);
    expect(costUsd).toBeNull();
  });
});

describe('what was found out', () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } } as const;
  const seeing = { model: 'chat-model', messages: [{ role: 'user' as const, content: [picture] }] };

  test('is heeded by calls that need it', async () => {
    await using provider = await startProvider({ ...RELAY, defects: ['refusesImages'] });
    await using ai = clientOf(provider.url, { weights: { relay: 1 } });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' }).upstream).toBe('relay');
    await ai.canary.probe('relay', { only: ['vision'] });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' })).toMatchObject({
      upstream: 'openai',
      skipped: [{ upstream: 'relay', reason: 'capability' }],
    });
    expect(ai.canary.explain({ body: { ...BODY } }).upstream).toBe('relay');
  });

  test('gives way to what the user says', async () => {
    await using provider = await startProvider({ ...RELAY, defects: ['refusesImages'] });
    const relay = { capabilities: { vision: true } };
    await using ai = clientOf(provider.url, { weights: { relay: 1 }, upstreams: { relay } });
    const { capabilities } = await ai.canary.probe('relay', { only: ['vision'] });
    expect(capabilities).toEqual({ vision: false });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' }).upstream).toBe('relay');
  });

  test('of one model says nothing of another', async () => {
    await using provider = await startProvider({ ...RELAY, defects: ['refusesImages'] });
    await using ai = clientOf(provider.url, { weights: { relay: 1 }, upstreams: { relay: { model: undefined } } });
    await ai.canary.probe('relay', { only: ['vision'], model: 'chat-model' });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' }).upstream).toBe('openai');
    expect(ai.canary.explain({ body: seeing, model: 'another' }).upstream).toBe('relay');
  });
});

test('the table has a line for each check and each finding', async () => {
  const report = await probeRelay({ defects: ['substitutesModel'] }, { only: ['connection', 'chat', 'honesty'] });
  const lines = report.table().split('\n');
  expect(lines[0]).toBe('relay (chat-model)');
  expect(lines[1]).toMatch(/^check +result +time +cost +evidence$/);
  expect(lines[2]).toMatch(/^connection +pass +\d+ ms +– +reached, and the key taken, in \d+ ms$/);
  expect(lines[3]).toMatch(/^chat +pass +\d+ ms +\$0\.0000\d +4 characters in \d+ ms$/);
  expect(lines[4]).toMatch(/^servedModel +suspect +chat-model was asked for, and the answer names small-model$/);
  expect(lines[5]).toMatch(/^2 of 2 pass, 1 suspect; \d+ ms, \$0\.\d+$/);
  expect(lines).toHaveLength(6);
});

test('the client itself can be probed, and its key is named by its option', async () => {
  await using provider = await startProvider({ ...RELAY, apiKey: 'another' });
  await using ai = new CanaryClient({ baseURL: provider.url, apiKey: 'sk-home-0123456789abcdef', canary: {} });
  const report = await ai.canary.probe('openai', { only: ['connection'] });
  expect(report.checks).toMatchObject([{ evidence: expect.stringMatching(/does not take the key from apiKey$/) }]);
});

test.each<[string, ProbeOptions, string]>([
  ['an unknown check', { only: ['visoin' as 'vision'] }, 'probe.only[0] should be one of'],
  ['an unknown option', { timeuot: 5 } as ProbeOptions, 'probe.timeuot is not an option; did you mean timeout?'],
  ['a budget below 0', { budgetUsd: -1 }, 'probe.budgetUsd should be a non-negative number, got -1'],
  ['a window of no tokens', { contextTokens: 0 }, 'probe.contextTokens should be'],
])('%s is refused', async (_, options, message) => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  const probed = ai.canary.probe('relay', options);
  await expect(probed).rejects.toBeInstanceOf(ConfigError);
  await expect(probed).rejects.toThrow(message);
});

test('an upstream that is not there is refused with the names of those that are', async () => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  await expect(ai.canary.probe('rely')).rejects.toThrow(
    'probe.upstream should be one of openai, relay, got "rely"; did you mean relay?',
  );
});

test('an address where nobody answers is told as one', async () => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  const { checks } = await ai.canary.probe('relay', WHOLE);
  expect(checks[0]).toMatchObject({ status: 'fail', evidence: '127.0.0.1:1 cannot be reached for relay' });
  expect(checks.slice(1).every(({ status }) => status === 'skipped')).toBe(true);
});

describe('the budgets of the user', () => {
  const perDay = { name: 'daily', per: 'day', onExceeded: 'reject' } as const;

  test('pay for probes as for calls', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { budgets: [{ ...perDay, limitUsd: 10 }] });
    const { costUsd } = await ai.canary.probe('relay', WHOLE);
    expect(ai.canary.snapshot().budgets?.[0]?.spentUsd).toBeCloseTo(costUsd ?? NaN, 10);
  });

  test('are not gone over', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { budgets: [{ ...perDay, limitUsd: 0.000001 }] });
    const { checks } = await ai.canary.probe('relay', { only: ['connection', 'chat', 'embeddings'] });
    expect(checks).toMatchObject([
      { name: 'connection', status: 'pass' },
      { name: 'chat', status: 'skipped', evidence: 'the budget daily is spent' },
      { name: 'embeddings', status: 'skipped' },
    ]);
  });
});

describe('nothing is invented where', () => {
  test('a restricted key may not list models', async () => {
    const when = ({ path }: { readonly path: string }) => path.endsWith('/models');
    const report = await probeRelay({ faults: { '*': { kind: 'status', status: 403, when } } });
    expect(statusOf(report, 'connection')?.status).toBe('pass');
    expect(faultsOf(report)).toEqual(['models: unsupported']);
  });

  test('params name the model of every call', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { upstreams: { relay: { params: { model: 'chat-model' } } } });
    const { checks } = await ai.canary.probe('relay', { only: ['unknownModel'] });
    expect(checks).toMatchObject([{ status: 'skipped', evidence: 'params name the model' }]);
  });

  test('maxOutputTokens cuts what is long', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { upstreams: { relay: { maxOutputTokens: 200 } } });
    const { checks } = await ai.canary.probe('relay', { only: ['longOutput'] });
    expect(checks).toMatchObject([{ status: 'skipped', evidence: 'maxOutputTokens is 200' }]);
  });

  test('five answers at once take different times', async () => {
    let asked = 0;
    const { checks } = await probeRelay(
      { latencyMs: () => [150, 180, 200, 220, 600][asked++ % 5] ?? 0 },
      { only: ['concurrency'] },
    );
    expect(checks).toMatchObject([{ name: 'concurrency', status: 'pass' }]);
  });
});
