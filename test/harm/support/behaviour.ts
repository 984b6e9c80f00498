/** A behaviour of a provider, and the calls that meet it. */

import type { OpenAI } from 'openai';
import type { RequestInHand } from '../../support/replies.ts';

/** How a caller makes a call and reads its answer. */
export type Way =
  | 'plain'
  | 'stream'
  | 'raw'
  | 'rawStream'
  | 'tee'
  | 'readable'
  | 'helper'
  | 'withResponse'
  | 'parse'
  | 'runTools'
  | 'left'
  | 'completion'
  | 'completionStream'
  | 'response'
  | 'responseStream'
  | 'responseHelper'
  | 'retrieve'
  | 'embedding'
  | 'models'
  | 'upload';

/** One call of a scene. */
export interface PlannedCall {
  /** When it is made, in ms since the start of the scene. @default 0 */
  readonly atMs?: number;
  /** @default that of the behaviour */
  readonly way?: Way;
  /** Additional fields of the body. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly options?: OpenAI.RequestOptions;
  /** When the caller aborts it, in ms after it was made. @default never */
  readonly abortAfterMs?: number;
}

/** A request as the provider sees it. */
export interface ArrivedRequest extends RequestInHand {
  /** The time since the start of the scene, in ms. */
  readonly sinceMs: number;
  /** How many requests the provider has had before. */
  readonly index: number;
  readonly method: string;
  /** The path with `/v1`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers one request. */
export type ProviderReply = (request: ArrivedRequest) => Response | Promise<Response>;

export interface Behaviour {
  readonly name: string;
  /** Makes the provider of one scene, with a state of its own. */
  readonly provider: () => ProviderReply;
  /** @default 'plain' */
  readonly way?: Way;
  /** The calls. @default one */
  readonly calls?: readonly PlannedCall[];
  /** The SDK's own options. */
  readonly client?: { readonly maxRetries?: number; readonly timeout?: number };
}

/** `count` calls at the same time. */
export function atOnce(count: number, call: PlannedCall = {}): readonly PlannedCall[] {
  return Array.from({ length: count }, () => call);
}

/** `count` calls, one each `everyMs`. */
export function oneEach(everyMs: number, count: number, call: PlannedCall = {}): readonly PlannedCall[] {
  return Array.from({ length: count }, (_, index) => ({ ...call, atMs: index * everyMs }));
}
