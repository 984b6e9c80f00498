/** Streams: incremental delivery, end marker and usage. */

import { fields } from '../../domain/json.ts';
import { findUsage } from '../../pricing/usage.ts';
import type { ProbeClient } from '../probe-client.ts';
import { fail, pass, refused, skip, type Check, type Verdict } from '../check.ts';
import { contentEvents, listOf, type Reply, showMs, type StreamEvent, type StreamRead, user } from '../reply.ts';

export const streaming: Check = {
  name: 'streaming',
  needs: 'chat',
  run: async (client) => {
    const startedAtMs = client.context.input.clock.now();
    const { refusal, stream } = await count(client);
    if (refusal) return refused(refusal);
    if (!stream || stream.events.length === 0) return fail('a stream was requested, but no events arrived');
    return judge(stream, startedAtMs);
  },
};

export const streamUsage: Check = {
  name: 'streamUsage',
  needs: 'chat',
  run: async (client) => {
    const { stream } = await count(client);
    if (!stream || stream.events.length === 0) return skip('no stream arrived');
    const hasUsage = stream.events.some(({ chunk }) => findUsage(chunk) !== undefined);
    return hasUsage ? pass('the stream has usage') : fail('include_usage was requested, but no chunk has usage');
  },
};

export const streamDone: Check = {
  name: 'streamDone',
  needs: 'chat',
  run: async (client) => {
    const { stream } = await count(client);
    if (!stream || stream.events.length === 0) return skip('no stream arrived');
    const isLast = stream.events.at(-1)?.data === '[DONE]';
    return isLast ? pass('the stream ends with [DONE]') : fail('the stream ends without [DONE]');
  },
};

function count(client: ProbeClient): Promise<Reply> {
  const question = user('Count from 1 to 60, separated by spaces. Write nothing else.');
  return client.context.shared('stream', () =>
    client.chat({ ...question, stream: true, stream_options: { include_usage: true } }),
  );
}

function judge(stream: StreamRead, startedAtMs: number): Verdict {
  const content = contentEvents(stream);
  const first = content[0];
  if (!first || content.length < 2) return fail(`all text arrived in ${content.length} chunk`);
  const hasFinishReason = stream.events.some(({ chunk }) => listOf(fields(chunk).choices).some(hasEnded));
  if (!hasFinishReason) return fail('no chunk has a finish_reason');
  const totalMs = stream.endedAtMs - startedAtMs;
  const flowMs = stream.endedAtMs - first.atMs;
  if (isBuffered(momentsOf(content), totalMs, flowMs)) {
    return fail(`all ${content.length} chunks arrived within ${showMs(flowMs)}, after ${showMs(totalMs - flowMs)}`);
  }
  return pass(`${content.length} chunks, the first after ${showMs(first.atMs - startedAtMs)} of ${showMs(totalMs)}`);
}

/** A shorter stream is not checked for buffering, since the delay does not matter. */
const MIN_TOTAL_MS = 200;
/** Generating 60 numbers takes longer than 5 % of the total time. */
const MIN_FLOW_SHARE = 0.05;
/** A buffered stream arrives in few distinct milliseconds, even if this process read it late. */
const MAX_MOMENTS = 8;

function isBuffered(moments: number, totalMs: number, flowMs: number): boolean {
  return totalMs >= MIN_TOTAL_MS && flowMs < totalMs * MIN_FLOW_SHARE && moments <= MAX_MOMENTS;
}

/** The number of distinct milliseconds in which events arrived. */
function momentsOf(events: readonly StreamEvent[]): number {
  return new Set(events.map(({ atMs }) => Math.floor(atMs))).size;
}

function hasEnded(choice: unknown): boolean {
  return typeof fields(choice).finish_reason === 'string';
}
