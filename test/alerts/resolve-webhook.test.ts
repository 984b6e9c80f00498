import { expect, test } from 'vitest';
import { resolveWebhook } from '../../src/alerts/resolve-alerts.ts';
import { refusalOf } from '../support/message-of.ts';

test('only the URL is required', () => {
  expect(resolveWebhook({ url: 'https://hooks.example.com/T0/B0/secret' })).toEqual({
    url: 'https://hooks.example.com/T0/B0/secret',
    format: 'json',
    secret: undefined,
    timeoutMs: 10_000,
    attempts: 4,
  });
});

test.each(['http://127.0.0.1:8080/', 'http://localhost/hook', 'http://[::1]:9/'])(
  '%s is accepted without TLS',
  (url) => {
    expect(resolveWebhook({ url })?.url).toBe(url);
  },
);

test.each([
  [{ url: 'http://hooks.example.com/' }, 'url should be https, or http on the loopback interface, got http://'],
  [{ url: 'http://127.0.0.1.example.com/' }, 'url should be https, or http on the loopback interface, got http://'],
  [{ url: 'file:///etc/passwd' }, 'url should be https, or http on the loopback interface, got file://'],
  [{ url: 'hooks.example.com' }, 'url should be a URL like https://hooks.example.com/…'],
  [{ url: undefined }, 'url should be a URL like https://hooks.example.com/…'],
  [{ url: 'https://me:word@example.com/' }, 'url should not contain a user name or password'],
  [
    { url: 'https://a.example/', format: 'teams' },
    'format should be one of json, slack, pagerduty, cloudevents, got "teams"',
  ],
  [
    { url: 'https://a.example/', format: 'pagerduty' },
    'routingKey should be the integration key of PagerDuty, without white space',
  ],
  [{ url: 'https://a.example/', routingKey: 'R0' }, "routingKey should be set only with format: 'pagerduty'"],
  [{ url: 'https://a.example/', secret: '' }, 'secret should be a non-empty string'],
  [{ url: 'https://a.example/', attempts: 0 }, 'attempts should be a whole number between 1 and 10, got 0'],
  [{ url: 'https://a.example/', retries: 3 }, 'retries is not an option'],
])('%j is refused', (webhook, message) => {
  expect(refusalOf({ webhook: webhook as never })).toBe(`canary.webhook.${message}`);
});
