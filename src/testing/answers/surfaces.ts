/** The endpoints at which a model answers. */

import { chatReply } from './chat.ts';
import { completionsReply } from './completions.ts';
import { embeddingsReply } from './embeddings.ts';
import { moderationsReply } from './moderations.ts';
import type { Surface } from './reply.ts';
import { responsesReply } from './responses.ts';

/** Endpoints by path below the base URL. All are POST. */
export const SURFACES = {
  '/chat/completions': chatReply,
  '/completions': completionsReply,
  '/responses': responsesReply,
  '/embeddings': embeddingsReply,
  '/moderations': moderationsReply,
} as const satisfies Record<string, Surface>;

/** The path of an endpoint below the base URL. */
export type SurfacePath = keyof typeof SURFACES;

/** Whether a model answers at this path. */
export function isSurfacePath(path: string): path is SurfacePath {
  return Object.hasOwn(SURFACES, path);
}
