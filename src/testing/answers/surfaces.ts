/** The endpoints that answer with a model's words. */

import { chatReply } from './chat.ts';
import { completionsReply } from './completions.ts';
import { embeddingsReply } from './embeddings.ts';
import { moderationsReply } from './moderations.ts';
import type { Surface } from './reply.ts';
import { responsesReply } from './responses.ts';

/** By path below the base URL; all are POST. */
export const SURFACES = {
  '/chat/completions': chatReply,
  '/completions': completionsReply,
  '/responses': responsesReply,
  '/embeddings': embeddingsReply,
  '/moderations': moderationsReply,
} as const satisfies Record<string, Surface>;

/** Path of a surface below the base URL. */
export type SurfacePath = keyof typeof SURFACES;

/** Whether a path is that of a surface. */
export function isSurfacePath(path: string): path is SurfacePath {
  return Object.hasOwn(SURFACES, path);
}
