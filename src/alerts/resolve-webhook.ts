/** Checks where alerts are told. */

import type { WebhookPolicy } from './webhook.ts';
import { checkDuration, checkKeys, checkNumber, checkOneOf } from '../domain/check.ts';
import type { WebhookOptions } from './options.ts';
import { ConfigError } from '../domain/errors.ts';

/** @throws ConfigError, which never shows the address: it is often a secret */
export function resolveWebhook(webhook: WebhookOptions | undefined): WebhookPolicy | undefined {
  if (webhook === undefined) return undefined;
  const path = 'canary.webhook';
  checkKeys(path, webhook, ['url', 'format', 'secret', 'timeout', 'attempts']);
  const { url, format = 'json', secret, timeout = '10s', attempts = 4 } = webhook;
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) {
    throw new ConfigError(`${path}.secret`, 'should be a non-empty string');
  }
  return {
    url: checkAddress(`${path}.url`, url),
    format: checkOneOf(`${path}.format`, format, ['json', 'slack']) === 'json' ? 'json' : 'slack',
    secret,
    timeoutMs: checkDuration(`${path}.timeout`, timeout),
    attempts: checkNumber(`${path}.attempts`, attempts, { min: 1, max: 10, integer: true }),
  };
}

function checkAddress(path: string, value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (!url) throw new ConfigError(path, 'should be an address like https://hooks.example.com/…');
  const isLoopback = url.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol !== 'https:' && !isLoopback) {
    throw new ConfigError(path, `should be https, or http on the loopback interface, got ${url.protocol}//`);
  }
  if (url.username || url.password) throw new ConfigError(path, 'should have no user name and password in it');
  return url.href;
}
