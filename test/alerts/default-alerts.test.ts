import { expect, test } from 'vitest';
import { CanaryClient, defaultAlerts } from '../../src/index.ts';

const LEVELS = [
  ['errors', 'errorRate', 0.02, 'warning'],
  ['many errors', 'errorRate', 0.05, 'critical'],
  ['slow', 'latencyP95', 2_000, 'warning'],
  ['open breakers', 'openBreakers', 0, 'critical'],
  ['budgets', 'budgetUsed', 0.8, 'warning'],
] as const;

test('the default rules watch all calls at common levels', () => {
  const rules = defaultAlerts().map(({ name, metric, above, severity }) => [name, metric, above, severity]);
  expect(rules).toEqual(LEVELS);
});

test('adds rules for a named upstream, and a rule on cost for a given bound', () => {
  const names = defaultAlerts({ upstream: 'deepseek', costPerHourUsd: 20, action: 'rollback' });
  expect(names.map(({ name }) => name)).toEqual([
    'errors',
    'many errors',
    'slow',
    'open breakers',
    'budgets',
    'spending',
    'deepseek: errors',
    'deepseek: many errors',
    'deepseek: slow',
  ]);
  expect(names.filter(({ action }) => action === 'rollback')).toMatchObject([
    { metric: 'errorRate', above: 0.05, upstream: 'deepseek' },
  ]);
});

test('a client accepts the default rules', () => {
  const alerts = defaultAlerts({ upstream: 'deepseek', costPerHourUsd: 20, action: 'rollback' });
  const upstreams = { deepseek: { baseURL: 'https://deepseek.test/v1', apiKey: 'k' } };
  using ai = disposable(new CanaryClient({ apiKey: 'k', canary: { upstreams, alerts } }));
  expect(ai.client.canary.alerts.rules).toHaveLength(alerts.length);
  expect(ai.client.canary.alerts.rules.every(({ phase }) => phase === 'inactive')).toBe(true);
});

function disposable(client: CanaryClient) {
  return { client, [Symbol.dispose]: () => void client.canary.close() };
}
