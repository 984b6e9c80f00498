/** Embeddings: vectors of one length, of norm 1, and as short as asked. */

import { fields } from '../../domain/json.ts';
import type { Asker } from '../ask.ts';
import { fail, pass, refused, skip, type Check } from '../check.ts';
import { listOf, type Reply } from '../reply.ts';

export const embeddings: Check = {
  name: 'embeddings',
  needs: 'connection',
  run: async (ask) => {
    const { embeddingModel } = ask.probing.input;
    if (embeddingModel === undefined) return skip(UNNAMED);
    const reply = await embed(ask, embeddingModel);
    if (reply.refusal) return refused(reply.refusal);
    const vectors = vectorsOf(reply);
    const [first, second] = vectors;
    if (!first || !second || vectors.length !== 2) return fail(`${vectors.length} vectors for 2 texts`);
    if (first.length === 0 || first.length !== second.length) {
      return fail(`vectors of ${first.length} and ${second.length} numbers`);
    }
    const norm = Math.hypot(...first);
    if (!(Math.abs(norm - 1) <= MAX_NORM_ERROR)) return fail(`vectors of norm ${norm.toFixed(3)}, where 1 is usual`);
    return pass(`${first.length} numbers of norm ${norm.toFixed(3)}`);
  },
};

export const embeddingDimensions: Check = {
  name: 'embeddingDimensions',
  needs: 'embeddings',
  run: async (ask) => {
    const { embeddingModel } = ask.probing.input;
    if (embeddingModel === undefined) return skip(UNNAMED);
    const reply = await embed(ask, embeddingModel, { dimensions: DIMENSIONS });
    if (reply.refusal) return refused(reply.refusal);
    const length = vectorsOf(reply)[0]?.length ?? 0;
    const evidence = `${length} numbers for dimensions: ${DIMENSIONS}`;
    return length === DIMENSIONS ? pass(evidence) : fail(evidence);
  },
};

const UNNAMED = 'no embeddingModel was named';
const DIMENSIONS = 256;
/** Single precision, and the rounding of shortened vectors, stay far below. */
const MAX_NORM_ERROR = 0.01;

function embed(ask: Asker, model: string, more: object = {}): Promise<Reply> {
  const question = { model, input: ['a red apple', 'a blue whale'], encoding_format: 'float', ...more };
  return ask.post('embeddings', '/embeddings', question);
}

function vectorsOf({ body }: Reply): readonly (readonly number[])[] {
  return listOf(fields(body).data).map((entry) =>
    listOf(fields(entry).embedding).filter((value) => typeof value === 'number'),
  );
}
