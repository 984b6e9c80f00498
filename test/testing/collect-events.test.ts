import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { CanaryEvents } from '../../src/domain/events.ts';
import { collectEvents } from '../../src/testing/index.ts';

const warning: CanaryEvents['warning'] = { code: 'listener', message: 'threw', atMs: 1 };
const retry: CanaryEvents['retry'] = { callId: 1, upstream: 'openai', kind: 'server', delayMs: 5, atMs: 2 };

test('keeps events in the order of emission, and finds them by name', () => {
  const canary = new EventEmitter();
  const events = collectEvents({ canary });
  canary.emit('warning', warning);
  canary.emit('retry', retry);
  expect(events.all).toEqual([
    { name: 'warning', payload: warning },
    { name: 'retry', payload: retry },
  ]);
  expect(events.of('retry')).toEqual([retry]);
  expect(events.of('fallback')).toEqual([]);
});

test('listens to the named events only', () => {
  const canary = new EventEmitter();
  const events = collectEvents({ canary }, ['retry']);
  canary.emit('warning', warning);
  expect(canary.eventNames()).toEqual(['retry']);
  expect(events.all).toEqual([]);
});

test('stops listening when disposed, and keeps the collected events', () => {
  const canary = new EventEmitter();
  const events = collectEvents({ canary });
  canary.emit('retry', retry);
  events[Symbol.dispose]();
  canary.emit('retry', retry);
  expect(canary.eventNames()).toEqual([]);
  expect(events.of('retry')).toHaveLength(1);
});
