/** The types of listeners and of `route()`. This file is checked by `tsc` and never run. */

import type { OpenAI } from 'openai';
import { expectTypeOf } from 'vitest';
import {
  CanaryClient,
  route,
  type Alert,
  type AttemptRecord,
  type BreakerEvent,
  type CallRecord,
  type CanaryEventName,
  type CanaryEvents,
  type FallbackEvent,
  type Listener,
  type RateLimitEvent,
  type RetryEvent,
  type RollbackEvent,
  type ShadowEvent,
  type Snapshot,
  type WarningEvent,
} from '../../src/index.ts';

const ai = new CanaryClient({ canary: { upstreams: { gemini: { provider: 'gemini' } } } });

// --- A listener gets the payload of its event.

ai.canary.on('call', (payload) => expectTypeOf(payload).toEqualTypeOf<CallRecord>());
ai.canary.on('attempt', (payload) => expectTypeOf(payload).toEqualTypeOf<AttemptRecord>());
ai.canary.on('retry', (payload) => expectTypeOf(payload).toEqualTypeOf<RetryEvent>());
ai.canary.on('fallback', (payload) => expectTypeOf(payload).toEqualTypeOf<FallbackEvent>());
ai.canary.on('breaker', (payload) => expectTypeOf(payload).toEqualTypeOf<BreakerEvent>());
ai.canary.on('rateLimit', (payload) => expectTypeOf(payload).toEqualTypeOf<RateLimitEvent>());
ai.canary.on('shadow', (payload) => expectTypeOf(payload).toEqualTypeOf<ShadowEvent>());
ai.canary.on('metrics', (payload) => expectTypeOf(payload).toEqualTypeOf<Snapshot>());
ai.canary.on('alert', (payload) => expectTypeOf(payload).toEqualTypeOf<Alert>());
ai.canary.once('rollback', (payload) => expectTypeOf(payload).toEqualTypeOf<RollbackEvent>());
ai.canary.once('warning', ({ message }) => expectTypeOf(message).toEqualTypeOf<WarningEvent['message']>());
expectTypeOf<keyof CanaryEvents>().toEqualTypeOf<CanaryEventName>();

// A listener may be async, take no argument and return anything. It can be kept for removal.
const log: Listener<'call'> = async ({ latencyMs }) => void latencyMs;
ai.canary
  .on('call', log)
  .on('attempt', () => 5)
  .off('call', log);

// @ts-expect-error no such event
ai.canary.on('rolback', () => undefined);
// @ts-expect-error no such event
ai.canary.once('error', () => undefined);
// @ts-expect-error the listener of another event
ai.canary.off('attempt', log);
// @ts-expect-error unknown field
ai.canary.on('rollback', ({ why }) => why);
ai.canary.on('call', (payload) => {
  // @ts-expect-error payloads are read-only
  payload.attempts = 0;
});

// --- `route()` returns request options of the SDK.

expectTypeOf(
  route({ key: 'user-1', attributes: { plan: 'pro', level: 3, beta: true } }),
).toEqualTypeOf<OpenAI.RequestOptions>();
void (() => ai.chat.completions.create({ model: 'm', messages: [] }, { ...route({ key: 'u' }), timeout: 5 }));

type Upstream = keyof typeof ai.canary.weights;
route<Upstream>({ upstream: 'gemini' });
// @ts-expect-error misspelt, with declared names
route<Upstream>({ upstream: 'gemni' });
// @ts-expect-error unknown option
route({ user: 'user-1' });
// @ts-expect-error attributes are plain values
route({ attributes: { plan: { name: 'pro' } } });
route({ key: 5 });
route({ key: 5n });
// @ts-expect-error a key is a string, a number or a bigint
route({ key: true });
