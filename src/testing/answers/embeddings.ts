/** POST /embeddings. */

import { seededRandom } from '../seeded-random.ts';
import type { Generation } from './generation.ts';
import type { Reply } from './reply.ts';
import type { RequestBody } from './request-body.ts';
import { embeddingsUsage } from './tokens.ts';
import type { UsageStyle } from './usage-style.ts';

/** One unit vector per input, equal for equal model and text. Encoded as base64 if the body asks for it. */
export function embeddingsReply(body: RequestBody, generation: Generation, style: UsageStyle): Reply {
  const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : DEFAULT_DIMENSIONS;
  const encode = body['encoding_format'] === 'base64' ? toBase64 : (vector: Float32Array) => [...vector];
  const data = inputsOf(body['input']).map((input, index) => ({
    object: 'embedding',
    index,
    embedding: encode(embed(`${generation.model}:${input}`, dimensions)),
  }));
  const usage = style === 'none' ? {} : { usage: embeddingsUsage(generation.tokens) };
  return { kind: 'json', body: { object: 'list', data, model: generation.model, ...usage } };
}

/** The dimensions of text-embedding-3-small. */
const DEFAULT_DIMENSIONS = 1536;

/** A string or a list of token ids is one input; a list of these is several inputs. */
function inputsOf(input: unknown): string[] {
  const several = Array.isArray(input) && typeof input[0] !== 'number';
  return (several ? input : [input]).map((one) => JSON.stringify(one));
}

function embed(text: string, dimensions: number): Float32Array {
  const random = seededRandom(Array.from(text).reduce((seed, character) => hashStep(seed, character), 0));
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function hashStep(seed: number, character: string): number {
  return (Math.imul(seed, 31) + (character.codePointAt(0) ?? 0)) | 0;
}

/** Little-endian 32-bit floats, as the SDK decodes them. */
function toBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes.toString('base64');
}
