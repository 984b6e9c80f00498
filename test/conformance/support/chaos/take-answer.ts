/** The ways in which a caller consumes or leaves an answer. */

import type { APIPromise } from 'openai';
import type { Stream } from 'openai/streaming';

import type { PlannedCall } from './plan.ts';
import type { Reading, Taken } from './reading.ts';
import { rawTextOf, textOf } from './text-of.ts';

/** Reads an answer that is not a stream. */
export async function readWhole({ planned, texts }: Reading, promise: APIPromise<unknown>): Promise<Taken> {
  const value = planned.way === 'withResponse' ? (await promise.withResponse()).data : await promise;
  texts.push(textOf(planned.surface, value));
  return 'whole';
}

/** Reads the bytes of the raw response. */
export async function readRaw({ planned, texts }: Reading, promise: APIPromise<unknown>): Promise<Taken> {
  const response = await promise.asResponse();
  if (planned.way === 'raw') {
    texts.push(rawTextOf(planned, await response.text()));
    return 'whole';
  }
  const reader = response.body?.getReader();
  for (let pieces = 0; pieces < planned.leaveAfter; pieces += 1) if ((await reader?.read())?.done) break;
  await reader?.cancel();
  return 'left';
}

export async function readStream(reading: Reading, promise: APIPromise<unknown>): Promise<Taken> {
  const { planned } = reading;
  // a streamed request resolves to a stream
  const stream = (
    planned.way === 'withResponse' ? (await promise.withResponse()).data : await promise
  ) as Stream<unknown>;
  const way = STREAM_READERS[planned.way];
  return way ? way(reading, stream) : read(reading, stream);
}

/** The ways other than reading to the end. */
const STREAM_READERS: Partial<
  Record<PlannedCall['way'], (reading: Reading, stream: Stream<unknown>) => Promise<Taken>>
> = {
  break: (reading, stream) => read(reading, stream, reading.planned.leaveAfter),
  controller: (reading, stream) => read(reading, stream, Infinity, () => stream.controller.abort()),
  neverRead: async (_, stream) => {
    stream.controller.abort();
    return 'left';
  },
  tee: async (reading, stream) => {
    await Promise.all(stream.tee().map((side) => read(reading, side)));
    return 'whole';
  },
  teeOneSide: async (reading, stream) => {
    const [left, right] = stream.tee();
    const [taken] = await Promise.all([read(reading, left), read(reading, right, reading.planned.leaveAfter)]);
    return taken;
  },
  teeLeft: async (reading, stream) => {
    await Promise.all(stream.tee().map((side) => read(reading, side, reading.planned.leaveAfter)));
    return 'left';
  },
  readable: (reading, stream) => readLines(reading, stream.toReadableStream(), Infinity),
  readableCancelled: (reading, stream) => readLines(reading, stream.toReadableStream(), reading.planned.leaveAfter),
};

/** After `limit` chunks, breaks out of the loop, or calls `leave` and continues to read. */
async function read(
  { planned, texts }: Reading,
  stream: AsyncIterable<unknown>,
  limit = Infinity,
  leave?: () => void,
): Promise<Taken> {
  const place = texts.push('') - 1;
  let chunks = 0;
  for await (const chunk of stream) {
    texts[place] += textOf(planned.surface, chunk);
    if (leave && chunks === planned.leaveAfter) leave();
    chunks += 1;
    if (chunks > limit) return 'left';
  }
  return leave ? 'left' : 'whole';
}

async function readLines({ planned, texts }: Reading, lines: ReadableStream, limit: number): Promise<Taken> {
  const place = texts.push('') - 1;
  const reader = lines.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  for (let count = 0; count <= limit; count += 1) {
    const { value, done } = await reader.read();
    if (done) return 'whole';
    texts[place] += textOf(planned.surface, JSON.parse(new TextDecoder().decode(value)));
  }
  await reader.cancel();
  return 'left';
}
