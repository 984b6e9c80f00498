/** One SDK method call by the application, as routing sees it. */

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

/* PART: Which upstreams serve a call, in order, and why. */

/** What decided on the first upstream; `disabled` is the kill switch, `CANARY_DISABLED=1`. */
export type PlanReason =
  'forced' | 'toolRun' | 'affinity' | 'notPortable' | 'segment' | 'task' | 'rollout' | 'split' | 'stable' | 'disabled';

/** Why an upstream that stood in the plan was not asked. */
export type SkipReason =
  'breaker' | 'rateLimit' | 'quota' | 'auth' | 'limit' | 'budget' | 'model' | 'capability' | 'cost' | 'price';

/** The ordered upstreams of one call. */
export interface Plan {
  /** The upstream that the rules chose, before anything was passed over. */
  readonly assigned: string;
  /** Those that can be asked now, in the order in which they are tried. Empty if none can: then the one that can soonest is tried. */
  readonly upstreams: readonly string[];
  readonly reason: PlanReason;
  /** In [0, 1); absent when no split was consulted. */
  readonly bucket: number | undefined;
  /** Passed over, and why. */
  readonly skipped: readonly { readonly upstream: string; readonly reason: SkipReason }[];
}

/* PART: What a call may need of an upstream beyond words in, words out. */

/** All that not every upstream can do, in the order in which a lack of them is named. */
export const REQUIREMENTS = ['vision', 'audio', 'files', 'tools', 'jsonSchema', 'logprobs', 'multipleChoices'] as const;

/** One thing that not every upstream can do. */
export type Requirement = (typeof REQUIREMENTS)[number];

/* PART: How the split is written down. */

/** Shares of the split by upstream; they sum to 1. */
export type Weights = Readonly<Record<string, number>>;

/**
 * The table of the split: `[end, upstream]` in ascending order of `end`, the last `end` being 1. A bucket belongs to the
 * first entry whose `end` is greater than it.
 */
export type Ranges = readonly (readonly [end: number, upstream: string])[];

/** An attribute condition that decides before the split does. */
export interface Segment {
  readonly when: Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>;
  readonly upstream: string;
}
