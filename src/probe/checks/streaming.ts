/** Streams: that they flow, end as they should, and tell their usage. */

import { fields } from '../../domain/json.ts';
import { findUsage } from '../../pricing/usage.ts';
import type { Asker } from '../ask.ts';
import { fail, pass, refused, skip, type Check, type Verdict } from '../check.ts';
import { contentEvents, listOf, type Reply, showMs, type StreamEvent, type StreamRead, user } from '../reply.ts';

export const streaming: Check = {
  name: 'streaming',
  needs: 'chat',
  run: async (ask) => {
    const startedAtMs = ask.probing.input.clock.now();
    const { refusal, stream } = await count(ask);
    if (refusal) return refused(refusal);
    if (!stream || stream.events.length === 0) return fail('no events came where a stream was asked for');
    return judge(stream, startedAtMs);
  },
};

export const streamUsage: Check = {
  name: 'streamUsage',
  needs: 'chat',
  run: async (ask) => {
    const { stream } = await count(ask);
    if (!stream || stream.events.length === 0) return skip('no stream came');
    const told = stream.events.some(({ chunk }) => findUsage(chunk) !== undefined);
    return told ? pass('the tokens stand in the stream') : fail('include_usage was asked for, and no chunk has it');
  },
};

export const streamDone: Check = {
  name: 'streamDone',
  needs: 'chat',
  run: async (ask) => {
    const { stream } = await count(ask);
    if (!stream || stream.events.length === 0) return skip('no stream came');
    const isLast = stream.events.at(-1)?.data === '[DONE]';
    return isLast ? pass('the stream ends with [DONE]') : fail('the stream ends without [DONE]');
  },
};

function count(ask: Asker): Promise<Reply> {
  const question = user('Count from 1 to 60, separated by spaces. Write nothing else.');
  return ask.probing.shared('stream', () =>
    ask.chat({ ...question, stream: true, stream_options: { include_usage: true } }),
  );
}

function judge(stream: StreamRead, startedAtMs: number): Verdict {
  const content = contentEvents(stream);
  const first = content[0];
  if (!first || content.length < 2) return fail(`all words came in ${content.length} chunk`);
  const ends = stream.events.some(({ chunk }) => listOf(fields(chunk).choices).some(hasEnded));
  if (!ends) return fail('no chunk has a finish_reason');
  const totalMs = stream.endedAtMs - startedAtMs;
  const flowMs = stream.endedAtMs - first.atMs;
  if (isHeldBack(momentsOf(content), totalMs, flowMs)) {
    return fail(`all ${content.length} chunks came within ${showMs(flowMs)}, after ${showMs(totalMs - flowMs)}`);
  }
  return pass(`${content.length} chunks, the first after ${showMs(first.atMs - startedAtMs)} of ${showMs(totalMs)}`);
}

/** A stream over in less is not looked at: nobody waits for it. */
const MIN_TOTAL_MS = 200;
/** Generating sixty numbers takes longer than a twentieth of the wait for the first. */
const MIN_FLOW_SHARE = 0.05;
/** A stream that was held back comes in few moments, whatever kept this process from reading it sooner. */
const MAX_MOMENTS = 8;

function isHeldBack(moments: number, totalMs: number, flowMs: number): boolean {
  return totalMs >= MIN_TOTAL_MS && flowMs < totalMs * MIN_FLOW_SHARE && moments <= MAX_MOMENTS;
}

/** In how many different milliseconds the events came. */
function momentsOf(events: readonly StreamEvent[]): number {
  return new Set(events.map(({ atMs }) => Math.floor(atMs))).size;
}

function hasEnded(choice: unknown): boolean {
  return typeof fields(choice).finish_reason === 'string';
}
