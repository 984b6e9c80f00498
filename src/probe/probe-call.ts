/** Describes a request of a probe as a call. */

import type { Call, Surface } from '../domain/call.ts';

/** A body, with or without its model. */
export type Question = Readonly<Record<string, unknown>>;

/** A request to be made. */
export interface Asked {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly body?: Question | undefined;
}

/** A call that routing has no part in: it has no key, no id and no fallbacks. */
export function probeCall(id: number, startedAtMs: number, surface: Surface, { method, path, body }: Asked): Call {
  const model = body?.['model'];
  return {
    id,
    startedAtMs,
    surface,
    method,
    path,
    model: typeof model === 'string' ? model : undefined,
    stream: body?.['stream'] === true,
    replayable: true,
    key: undefined,
    keySource: undefined,
    task: undefined,
    attributes: {},
    forcedUpstream: undefined,
    fallbacks: false,
    streamMode: undefined,
    requirements: new Set(),
    toolRun: undefined,
    shadow: false,
    ownedId: undefined,
  };
}
