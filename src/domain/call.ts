/** One SDK method call by the application, as routing sees it. */

import type { Requirement } from './requirement.ts';

/** The API surface that a call uses; `other` is everything that belongs to one account and cannot move. */
export type Surface = 'chat' | 'completions' | 'responses' | 'embeddings' | 'moderations' | 'other';

/** Where a key was found; `conversation` is the hash of the opening of the dialogue. */
export type KeySource =
  'route' | 'context' | 'header' | 'option' | 'safety_identifier' | 'prompt_cache_key' | 'user' | 'conversation';

/** A value that segments can match on. */
export type AttributeValue = string | number | boolean;

/**
 * When a stream is given to its caller: from its first content on (`committed`), or when it is whole (`buffered`), so that one
 * that breaks off can still be answered by another upstream.
 */
export type StreamMode = 'committed' | 'buffered';

/** What the application said about a call beside the request itself. */
export interface RouteOptions<UpstreamName extends string = string> {
  /** The identity that must keep its upstream: a user, a tenant, a conversation. Never leaves the process. */
  readonly key?: string | undefined;
  /** Forces this upstream, before segments and split. */
  readonly upstream?: UpstreamName | undefined;
  /** What kind of work the call is: for the routes of `tasks`, and for numbers by task. */
  readonly task?: string | undefined;
  /** What segments match on: `{ plan: 'premium', beta: true }`. */
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined;
  /**
   * What the call may cost, in USD. An upstream where one more attempt is estimated to cost more than what earlier ones left of it is passed
   * over: input by its text, output up to the limit that the body allows, at the upstream's price. One whose price nobody knows is asked all
   * the same. Where no upstream is left for the first attempt the call rejects with `CostCapError`.
   */
  readonly maxCostUsd?: number | undefined;
  /** `false` keeps the call on its upstream, whatever happens there. @default true */
  readonly fallbacks?: boolean | undefined;
  /** @default the `stream` option of the client */
  readonly stream?: StreamMode | undefined;
  /** `false` keeps the call from being mirrored. @default true */
  readonly shadow?: boolean | undefined;
}

/** A described call. */
export interface Call {
  /** Counts up within the process. */
  readonly id: number;
  readonly startedAtMs: number;
  readonly surface: Surface;
  readonly method: string;
  readonly path: string;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** May be tried again: the body is not a one-shot stream or iterator. */
  readonly replayable: boolean;
  readonly key: string | undefined;
  readonly keySource: KeySource | undefined;
  readonly task: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The upstream the caller forced, if any. */
  readonly forcedUpstream: string | undefined;
  /** The most that all attempts together may be estimated to cost, in USD. */
  readonly maxCostUsd?: number | undefined;
  readonly fallbacks: boolean;
  readonly streamMode: StreamMode | undefined;
  /** May be mirrored. */
  readonly shadow: boolean;
  /** What the request asks of whoever serves it. */
  readonly requirements: ReadonlySet<Requirement>;
  /** The run of tools that the call is a turn of: all turns keep one upstream. */
  readonly toolRun: object | undefined;
  /** Ids in the request that only one upstream knows: a response, a conversation. */
  readonly ownedId: string | undefined;
}
