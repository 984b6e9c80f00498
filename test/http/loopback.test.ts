/** Whether a request comes from this machine. */

import { expect, test } from 'vitest';
import { isLocalRequest, isLoopbackAddress, isLoopbackHost } from '../../src/http/loopback.ts';

test.each([
  ['127.0.0.1', true],
  ['127.8.8.8', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['127.0.0.1.evil.test', false],
  ['10.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['', false],
  [undefined, false],
])('the address %s is of this machine: %s', (address, expected) => {
  expect(isLoopbackAddress(address)).toBe(expected);
});

test.each([
  ['localhost', true],
  ['LOCALHOST:8787', true],
  ['app.localhost:80', true],
  ['127.0.0.1:8787', true],
  ['[::1]:8787', true],
  ['[::1]', true],
  ['localhost.evil.test', false],
  ['evil.test', false],
  ['127.0.0.1.evil.test:80', false],
  ['evillocalhost', false],
  ['', false],
])('the host %s means this machine: %s', (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});

const LOCAL = { remoteAddress: '127.0.0.1' };
test.each([
  ['from loopback for localhost', 'http://localhost:1/', {}, LOCAL, true],
  ['from another machine', 'http://localhost:1/', {}, { remoteAddress: '10.0.0.9' }, false],
  ['after DNS rebinding', 'http://evil.test:1/', { host: 'evil.test:1' }, LOCAL, false],
  ['for another host in its target', 'http://evil.test/', { host: 'localhost' }, LOCAL, false],
  ['with another host beside its target', 'http://localhost/', { host: 'evil.test' }, LOCAL, false],
  ['through a proxy', 'http://localhost:1/', { 'x-forwarded-for': '10.0.0.9' }, LOCAL, false],
])('a request %s is local: %5$s', (_name, url, headers, peer, expected) => {
  expect(isLocalRequest(new Request(url, { headers: headers as HeadersInit }), peer)).toBe(expected);
});
