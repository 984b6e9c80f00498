/** Requests, costs, results and errors of a probe. */

import { describe, expect, test } from 'vitest';
import { CanaryClient, ConfigError, type ProbeOptions } from '../../src/index.ts';
import { collectEvents, startProvider } from '../../src/testing/index.ts';
import { BODY } from '../support/calls.ts';
import { RELAY, RELAY_KEY, WHOLE, clientOf, faultsOf, probeRelay } from './support.ts';

const statusOf = (report: Awaited<ReturnType<typeof probeRelay>>, name: string) =>
  report.checks.find((check) => check.name === name);

test('sends each request once, to the probed upstream only', async () => {
  await using provider = await startProvider({ ...RELAY, faults: { '*': { kind: 'status', status: 503 } } });
  await using ai = clientOf(provider.url, { retry: { attempts: 5 } });
  const { checks } = await ai.canary.probe('relay', { only: ['chat'] });
  expect(provider.requests).toHaveLength(1);
  expect(checks).toMatchObject([{ name: 'chat', status: 'fail', evidence: expect.stringContaining('503') }]);
});

test('records a probe in the ledger, but in no window', async () => {
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

test('the cost of the report is the sum over its checks and the honesty comparison', async () => {
  const whole = await probeRelay();
  const checks = await probeRelay({}, { only: whole.checks.map(({ name }) => name) });
  const sum = checks.checks.reduce((total, { costUsd }) => total + (costUsd ?? 0), 0);
  expect(sum).toBeCloseTo(checks.costUsd ?? NaN, 10);
  expect(whole.costUsd).toBeGreaterThan(sum);
});

test('`only` limits the checks', async () => {
  const report = await probeRelay({}, { only: ['choices', 'stop'] });
  expect(report.checks.map(({ name, status }) => [name, status])).toEqual([
    ['choices', 'pass'],
    ['stop', 'pass'],
  ]);
  expect(report.capabilities).toEqual({ multipleChoices: true });
});

test('skips checks that need a model if the upstream has no model', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url, { upstreams: { relay: { model: undefined } } });
  const { checks, model } = await ai.canary.probe('relay', { only: ['connection', 'chat', 'embeddings'] });
  expect(model).toBeUndefined();
  expect(checks).toMatchObject([
    { name: 'connection', status: 'pass' },
    { name: 'chat', status: 'skipped', evidence: 'no model is set' },
    { name: 'embeddings', status: 'skipped', evidence: 'embeddingModel is not set' },
  ]);
});

test('emits an event for each check', async () => {
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

describe('a rejected key', () => {
  test('is reported by its source, and never shown', async () => {
    await using provider = await startProvider({ ...RELAY, apiKey: 'another', defects: ['echoesKey'] });
    await using ai = clientOf(provider.url);
    const events = collectEvents(ai);
    const report = await ai.canary.probe('relay', WHOLE);
    const { host } = new URL(provider.url);
    expect(statusOf(report, 'connection')).toMatchObject({
      status: 'fail',
      evidence: `401 from ${host}: it rejects the key from canary.upstreams.relay.apiKey`,
    });
    expect(report.checks.filter(({ status }) => status === 'fail')).toHaveLength(1);
    expect(JSON.stringify([report, report.table(), events.all])).not.toContain(RELAY_KEY);
    expect(provider.requests[0]?.headers['authorization']).toContain(RELAY_KEY);
  });

  test('does not affect real calls', async () => {
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
  ] as const)('%s times out', async (_, fault) => {
    await using provider = await startProvider({ ...RELAY, faults: { 'chat-model': fault } });
    await using ai = clientOf(provider.url);
    const report = await ai.canary.probe('relay', { only: ['chat', 'streaming', 'vision'], timeout: 50 });
    expect(report.checks).toMatchObject([
      { name: 'chat', status: 'fail', evidence: 'no answer within the timeout' },
      { name: 'streaming', status: 'skipped', evidence: 'chat did not pass' },
      { name: 'vision', status: 'skipped', evidence: 'chat did not pass' },
    ]);
    expect(report.capabilities).toEqual({});
  });

  test('in one answer decides no capability', async () => {
    const fault = { kind: 'silence' } as const;
    const { checks, capabilities } = await probeRelay(
      { faults: { 'chat-model': fault } },
      { only: ['vision', 'jsonSchema'], timeout: 50 },
    );
    expect(checks.map(({ status }) => status)).toEqual(['fail', 'fail']);
    expect(capabilities).toEqual({});
  });

  test('can be aborted, which skips the remaining checks', async () => {
    await using provider = await startProvider({ ...RELAY, faults: { 'chat-model': { kind: 'silence' } } });
    await using ai = clientOf(provider.url);
    const aborter = new AbortController();
    ai.canary.on('probe', ({ check }) => {
      if (check === 'models') aborter.abort();
    });
    const report = await ai.canary.probe('relay', { ...WHOLE, signal: aborter.signal });
    const left = report.checks.filter(({ name }) => name !== 'connection' && name !== 'models');
    expect(new Set(left.map(({ status }) => status))).toEqual(new Set(['skipped']));
    expect(statusOf(report, 'chat')?.evidence).toBe('aborted');
    await provider.idle();
  });
});

test('sends no requests with an already aborted signal', async () => {
  await using provider = await startProvider(RELAY);
  await using ai = clientOf(provider.url);
  const report = await ai.canary.probe('relay', { signal: AbortSignal.abort() });
  expect(provider.requests).toEqual([]);
  expect(new Set(report.checks.map(({ status }) => status))).toEqual(new Set(['skipped']));
});

describe('the budget', () => {
  test('is not exceeded: checks that would exceed it are skipped with that reason', async () => {
    const { checks, costUsd } = await probeRelay({}, { budgetUsd: 0.01 });
    const long = checks.find(({ name }) => name === 'longOutput');
    // 4,000 tokens at 8 USD per million cost 0.032 USD.
    expect(long).toMatchObject({ status: 'skipped', evidence: expect.stringContaining('over the budget of $0.01') });
    expect(costUsd).toBeLessThanOrEqual(0.01);
  });

  test('of 0 allows only free requests', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url);
    const { costUsd } = await ai.canary.probe('relay', { ...WHOLE, budgetUsd: 0 });
    expect(provider.requests.map(({ path }) => path)).toEqual(['/v1/models']);
    expect(costUsd).toBeNull();
  });
});

describe('a probed capability', () => {
  const picture = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } } as const;
  const seeing = { model: 'chat-model', messages: [{ role: 'user' as const, content: [picture] }] };

  test('is applied to calls that need it', async () => {
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

  test('is overridden by the capabilities option', async () => {
    await using provider = await startProvider({ ...RELAY, defects: ['refusesImages'] });
    const relay = { capabilities: { vision: true } };
    await using ai = clientOf(provider.url, { weights: { relay: 1 }, upstreams: { relay } });
    const { capabilities } = await ai.canary.probe('relay', { only: ['vision'] });
    expect(capabilities).toEqual({ vision: false });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' }).upstream).toBe('relay');
  });

  test('applies only to the probed model', async () => {
    await using provider = await startProvider({ ...RELAY, defects: ['refusesImages'] });
    await using ai = clientOf(provider.url, { weights: { relay: 1 }, upstreams: { relay: { model: undefined } } });
    await ai.canary.probe('relay', { only: ['vision'], model: 'chat-model' });
    expect(ai.canary.explain({ body: seeing, model: 'chat-model' }).upstream).toBe('openai');
    expect(ai.canary.explain({ body: seeing, model: 'another' }).upstream).toBe('relay');
  });
});

test('the table has one line per check and per finding', async () => {
  const report = await probeRelay({ defects: ['substitutesModel'] }, { only: ['connection', 'chat', 'honesty'] });
  const lines = report.table().split('\n');
  expect(lines[0]).toBe('relay (chat-model)');
  expect(lines[1]).toMatch(/^check +result +time +cost +evidence$/);
  expect(lines[2]).toMatch(/^connection +pass +\d+ ms +– +reached, and the key accepted, in \d+ ms$/);
  expect(lines[3]).toMatch(/^chat +pass +\d+ ms +\$0\.0000\d +4 characters in \d+ ms$/);
  expect(lines[4]).toMatch(/^servedModel +suspect +requested chat-model, but the answer names small-model$/);
  expect(lines[5]).toMatch(/^2 of 2 pass, 1 suspect; \d+ ms, \$0\.\d+$/);
  expect(lines).toHaveLength(6);
});

test('probes the client itself, and reports its key by the option apiKey', async () => {
  await using provider = await startProvider({ ...RELAY, apiKey: 'another' });
  await using ai = new CanaryClient({ baseURL: provider.url, apiKey: 'sk-home-0123456789abcdef', canary: {} });
  const report = await ai.canary.probe('openai', { only: ['connection'] });
  expect(report.checks).toMatchObject([{ evidence: expect.stringMatching(/rejects the key from apiKey$/) }]);
});

test.each<[string, ProbeOptions, string]>([
  ['an unknown check', { only: ['visoin' as 'vision'] }, 'probe.only[0] should be one of'],
  ['an unknown option', { timeuot: 5 } as ProbeOptions, 'probe.timeuot is not an option; did you mean timeout?'],
  ['a budget below 0', { budgetUsd: -1 }, 'probe.budgetUsd should be a non-negative number, got -1'],
  ['a window of no tokens', { contextTokens: 0 }, 'probe.contextTokens should be'],
])('%s is rejected', async (_, options, message) => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  const probed = ai.canary.probe('relay', options);
  await expect(probed).rejects.toBeInstanceOf(ConfigError);
  await expect(probed).rejects.toThrow(message);
});

test('rejects an unknown upstream with the list of known ones', async () => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  await expect(ai.canary.probe('rely')).rejects.toThrow(
    'probe.upstream should be one of openai, relay, got "rely"; did you mean relay?',
  );
});

test('reports an unreachable address', async () => {
  await using ai = clientOf('http://127.0.0.1:1/v1');
  const { checks } = await ai.canary.probe('relay', WHOLE);
  expect(checks[0]).toMatchObject({ status: 'fail', evidence: '127.0.0.1:1 cannot be reached for relay' });
  expect(checks.slice(1).every(({ status }) => status === 'skipped')).toBe(true);
});

describe('the budgets of the client', () => {
  const perDay = { name: 'daily', per: 'day', onExceeded: 'reject' } as const;

  test('include probes', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { budgets: [{ ...perDay, limitUsd: 10 }] });
    const { costUsd } = await ai.canary.probe('relay', WHOLE);
    expect(ai.canary.snapshot().budgets?.[0]?.spentUsd).toBeCloseTo(costUsd ?? NaN, 10);
  });

  test('are not exceeded', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { budgets: [{ ...perDay, limitUsd: 0.000001 }] });
    const { checks } = await ai.canary.probe('relay', { only: ['connection', 'chat', 'embeddings'] });
    expect(checks).toMatchObject([
      { name: 'connection', status: 'pass' },
      { name: 'chat', status: 'skipped', evidence: 'the budget daily is exhausted' },
      { name: 'embeddings', status: 'skipped' },
    ]);
  });
});

describe('reports no fault if', () => {
  test('a restricted key may not list models', async () => {
    const when = ({ path }: { readonly path: string }) => path.endsWith('/models');
    const report = await probeRelay({ faults: { '*': { kind: 'status', status: 403, when } } });
    expect(statusOf(report, 'connection')?.status).toBe('pass');
    expect(faultsOf(report)).toEqual(['models: unsupported']);
  });

  test('params set the model of every call', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { upstreams: { relay: { params: { model: 'chat-model' } } } });
    const { checks } = await ai.canary.probe('relay', { only: ['unknownModel'] });
    expect(checks).toMatchObject([{ status: 'skipped', evidence: 'params set the model' }]);
  });

  test('maxOutputTokens is below the length of the long answer', async () => {
    await using provider = await startProvider(RELAY);
    await using ai = clientOf(provider.url, { upstreams: { relay: { maxOutputTokens: 200 } } });
    const { checks } = await ai.canary.probe('relay', { only: ['longOutput'] });
    expect(checks).toMatchObject([{ status: 'skipped', evidence: 'maxOutputTokens is 200' }]);
  });

  test('five concurrent answers take different times', async () => {
    let asked = 0;
    const { checks } = await probeRelay(
      { latencyMs: () => [150, 180, 200, 220, 600][asked++ % 5] ?? 0 },
      { only: ['concurrency'] },
    );
    expect(checks).toMatchObject([{ name: 'concurrency', status: 'pass' }]);
  });
});
