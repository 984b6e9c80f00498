/** A generation in the format of one endpoint. */

import type { Generation } from './generation.ts';
import type { RequestBody } from './request-body.ts';
import type { UsageStyle } from './usage-style.ts';

/** A whole JSON body, or the encoded events of a stream. */
export type Reply =
  { readonly kind: 'json'; readonly body: unknown } | { readonly kind: 'stream'; readonly chunks: readonly string[] };

/** Writes a generation in the format of one of OpenAI's endpoints. */
export type Surface = (body: RequestBody, generation: Generation, style: UsageStyle) => Reply;
