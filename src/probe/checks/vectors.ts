/** Embeddings: equal lengths, norm 1, and the `dimensions` parameter. */

import { fields } from '../../domain/json.ts';
import type { ProbeClient } from '../probe-client.ts';
import { fail, pass, refused, skip, type Check } from '../check.ts';
import { listOf, type Reply } from '../reply.ts';

export const embeddings: Check = {
  name: 'embeddings',
  needs: 'connection',
  run: async (client) => {
    const { embeddingModel } = client.context.input;
    if (embeddingModel === undefined) return skip(NO_MODEL);
    const reply = await embed(client, embeddingModel);
    if (reply.refusal) return refused(reply.refusal);
    const vectors = vectorsOf(reply);
    const [first, second] = vectors;
    if (!first || !second || vectors.length !== 2) return fail(`${vectors.length} vectors for 2 texts`);
    if (first.length === 0 || first.length !== second.length) {
      return fail(`vectors of ${first.length} and ${second.length} numbers`);
    }
    const norm = Math.hypot(...first);
    if (!(Math.abs(norm - 1) <= MAX_NORM_ERROR)) return fail(`vectors of norm ${norm.toFixed(3)}, expected 1`);
    return pass(`${first.length} numbers of norm ${norm.toFixed(3)}`);
  },
};

export const embeddingDimensions: Check = {
  name: 'embeddingDimensions',
  needs: 'embeddings',
  run: async (client) => {
    const { embeddingModel } = client.context.input;
    if (embeddingModel === undefined) return skip(NO_MODEL);
    const reply = await embed(client, embeddingModel, { dimensions: DIMENSIONS });
    if (reply.refusal) return refused(reply.refusal);
    const length = vectorsOf(reply)[0]?.length ?? 0;
    const evidence = `${length} numbers for dimensions: ${DIMENSIONS}`;
    return length === DIMENSIONS ? pass(evidence) : fail(evidence);
  },
};

const NO_MODEL = 'embeddingModel is not set';
const DIMENSIONS = 256;
/** Errors of single precision and of shortened vectors are far smaller. */
const MAX_NORM_ERROR = 0.01;

function embed(client: ProbeClient, model: string, more: object = {}): Promise<Reply> {
  const question = { model, input: ['a red apple', 'a blue whale'], encoding_format: 'float', ...more };
  return client.post('embeddings', '/embeddings', question);
}

function vectorsOf({ body }: Reply): readonly (readonly number[])[] {
  return listOf(fields(body).data).map((entry) =>
    listOf(fields(entry).embedding).filter((value) => typeof value === 'number'),
  );
}
