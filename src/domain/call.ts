/**
 * One SDK method call by the application, as routing sees it: its description, its plan, what it requires of an
 * upstream, and the split that it is routed by.
 */

/**
 * The API surface that a call uses. `other` covers everything that belongs to one account and cannot move to another
 * upstream.
 */
export type Surface = 'chat' | 'completions' | 'responses' | 'embeddings' | 'moderations' | 'other';

/**
 * What is billed for a call of the surface `other`, if it is billed: images, speech, transcriptions, videos, and jobs that run later.
 * Everything else of that surface is free.
 */
export type PaidService = 'images' | 'speech' | 'transcription' | 'video' | 'job';

/** Where the key of a call was found. `conversation` is derived from the opening of the conversation. */
export type KeySource =
  'route' | 'context' | 'header' | 'option' | 'safety_identifier' | 'prompt_cache_key' | 'user' | 'conversation';

/**
 * The identity that keeps its upstream: a user, a tenant, a conversation. A number or a bigint is the same key as its text: `42` is `'42'`. An
 * empty string and `NaN` stand for no key.
 */
export type CallKey = string | number | bigint;

/** The value of an attribute, which segments can match. */
export type AttributeValue = string | number | boolean;

/**
 * When a stream reaches its caller. `committed`: from the first sign of an answer on, or at once where no other upstream
 * could take over. `buffered`: once it is complete, so that
 * another upstream can still answer if it breaks off.
 */
export type StreamMode = 'committed' | 'buffered';

/** What the application says about a call in addition to the request itself: the argument of `route()`. */
export interface RouteOptions<UpstreamName extends string = string> {
  /**
   * The identity that keeps its upstream: a user, a tenant, a conversation. It never leaves the process.
   * @default the first key found in the context, the header, the `key` option and the body
   */
  readonly key?: CallKey | undefined;
  /** Forces this upstream, before segments and split. */
  readonly upstream?: UpstreamName | undefined;
  /** The kind of work the call does: it selects a route of `tasks` and groups the numbers of the snapshot. */
  readonly task?: string | undefined;
  /** The attributes that segments match: `{ plan: 'premium', beta: true }`. */
  readonly attributes?: Readonly<Record<string, AttributeValue>> | undefined;
  /**
   * The most that the call may cost, in USD. An upstream is skipped if one more attempt there is estimated to cost more
   * than earlier attempts have left of this amount. The estimate counts the tokens of the input text and the output
   * limit of the body, at the price of the upstream. An upstream without a known price is not skipped. If no upstream
   * is left for the first attempt, the call rejects with `CostCapError`.
   */
  readonly maxCostUsd?: number | undefined;
  /**
   * `false` keeps the call on its upstream even if that upstream fails.
   * @default true
   */
  readonly fallbacks?: boolean | undefined;
  /**
   * When a stream reaches the caller.
   * @default the `stream` option of the client
   */
  readonly stream?: StreamMode | undefined;
  /**
   * Checks the answer of this call, in place of the client's `accept`.
   * @default the `accept` option of the client
   */
  readonly accept?: AcceptOption | undefined;
  /**
   * `false` excludes the call from shadowing.
   * @default true
   */
  readonly shadow?: boolean | undefined;
}

/** Options of `canary.run()`: those of `route()`, and an amount for all calls of the function together. */
export interface RunOptions<UpstreamName extends string = string> extends RouteOptions<UpstreamName> {
  /**
   * The most that all calls within the function may cost together, in USD: parallel ones, and those of runs within it, whose own amounts
   * apply, too. An attempt reserves its estimated cost before it is sent. A call whose estimate is more than the rest rejects with
   * `BudgetExceededError`; free calls and cached answers pass. Copies of `shadow` do not count. Calls without a known price count nothing.
   * @default no limit
   */
  readonly budgetUsd?: number | undefined;
}

/** What the calls within one `canary.run()` may cost together. Its identity is that of the run. */
export interface SpendLimit {
  /** USD, above 0. */
  readonly limitUsd: number;
}

/** A call with everything that routing needs to know about it. */
export interface Call {
  /** Rises within the process. */
  readonly id: number;
  readonly startedAtMs: number;
  readonly surface: Surface;
  /** Set for a call of the surface `other` that is billed. */
  readonly paid?: PaidService | undefined;
  readonly method: string;
  readonly path: string;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** Whether the call can be retried: its body is not a one-shot stream or iterator. */
  readonly replayable: boolean;
  readonly key: string | undefined;
  readonly keySource: KeySource | undefined;
  readonly task: string | undefined;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** The upstream that the caller forced, if any. */
  readonly forcedUpstream: string | undefined;
  /** The most that all attempts together are estimated to cost, in USD. */
  readonly maxCostUsd?: number | undefined;
  /** The limits of the runs around the call, the outermost first. */
  readonly spendLimits?: readonly SpendLimit[] | undefined;
  readonly fallbacks: boolean;
  readonly streamMode: StreamMode | undefined;
  /** The call's own check of its answer, if it has one. */
  readonly accept?: AcceptOption | undefined;
  /** Whether the call may be shadowed. */
  readonly shadow: boolean;
  /** The capabilities that the request needs. */
  readonly requirements: ReadonlySet<Requirement>;
  /** The tool run that the call belongs to: all its turns stay on one upstream. */
  readonly toolRun: object | undefined;
  /** An id in the request that only one upstream knows, of a response or a conversation. */
  readonly ownedId: string | undefined;
  /** Keys of the items in the input that only their maker can read, the latest first. */
  readonly sealedItems?: readonly string[] | undefined;
}

/** The call whose answer `accept` checks. */
export interface AcceptContext extends Pick<Call, 'surface' | 'model' | 'stream' | 'key' | 'task' | 'attributes'> {
  /** The request body as the caller passed it. Do not change it. */
  readonly body: unknown;
  /** The upstream that answered. */
  readonly upstream: string;
}

/** A method, so that its parameter can be declared narrower than `unknown`. */
interface AnswerChecker {
  check(answer: unknown, call: AcceptContext): boolean | string | PromiseLike<boolean | string>;
}

/**
 * Checks a whole answer: `true` accepts it, a string is the reason why it is rejected, `false` rejects it without a reason.
 *
 * The answer is what the SDK returns: a `ChatCompletion`, a `Response`, and so on. A buffered stream is joined to one. Declare the type that
 * your calls return: `(answer: OpenAI.ChatCompletion) => …`. Do not change the answer.
 */
export type AcceptAnswer = AnswerChecker['check'];

/** The check of answers. `'nonEmpty'` rejects an answer without text, refusal, tool call or other output. */
export type AcceptOption = 'nonEmpty' | AcceptAnswer;

/** Whether a call costs nothing: moderations, and all that only reads or manages what an account has. */
export function isFree({ surface, paid }: Pick<Call, 'surface' | 'paid'>): boolean {
  return surface === 'moderations' || (surface === 'other' && paid === undefined);
}

/**
 * What decided the first upstream of a call.
 *
 * - `disabled`: the kill switch, `CANARY_DISABLED=1`.
 * - `stable`: the chosen upstream has another model of embeddings or moderations.
 * - `holdback`: stays on stable as the comparison of the other calls of its segment or task, which a rollout's canary serves.
 * - `rolledBack`: the upstream of its segment, or each one of its task, is rolled back.
 */
export type PlanReason =
  | 'forced'
  | 'toolRun'
  | 'affinity'
  | 'notPortable'
  | 'segment'
  | 'task'
  | 'rollout'
  | 'split'
  | 'stable'
  | 'holdback'
  | 'rolledBack'
  | 'disabled';

/**
 * Why an upstream of the plan was skipped. `down`: the check of the `probe` option cannot reach it. `rolledBack`: it is a canary that was
 * rolled back, or one whose state in the store is not known yet.
 */
export type SkipReason =
  | 'breaker'
  | 'down'
  | 'rateLimit'
  | 'quota'
  | 'auth'
  | 'limit'
  | 'budget'
  | 'model'
  | 'capability'
  | 'cost'
  | 'price'
  | 'rolledBack';

/** The upstreams of one call, in the order in which they are tried, and the reason. */
export interface Plan {
  /** The upstream that the rules chose, before any upstream was skipped. */
  readonly assigned: string;
  /**
   * The upstreams that can serve the call now, in the order in which they are tried. Empty if there is no such
   * upstream: then the one that is available soonest is tried.
   */
  readonly upstreams: readonly string[];
  readonly reason: PlanReason;
  /** The bucket of the call in [0, 1); `undefined` when the split was not consulted. */
  readonly bucket: number | undefined;
  /** The skipped upstreams, with the reason. */
  readonly skipped: readonly { readonly upstream: string; readonly reason: SkipReason }[];
}

/**
 * What a call can require of an upstream beyond text in and text out, in the order in which a missing capability is
 * reported.
 */
export const REQUIREMENTS = ['vision', 'audio', 'files', 'tools', 'jsonSchema', 'logprobs', 'multipleChoices'] as const;

/** A capability that not every upstream has. */
export type Requirement = (typeof REQUIREMENTS)[number];

/** Shares of the split by upstream, 0–1; they sum to 1. */
export type Weights = Readonly<Record<string, number>>;

/**
 * The table of the split: `[end, upstream]` in ascending order of `end`. The last `end` is 1. A bucket belongs to the
 * first entry whose `end` is greater than it.
 */
export type Ranges = readonly (readonly [end: number, upstream: string])[];

/** A condition on attributes that decides the upstream before the split. */
export interface Segment {
  readonly when: Readonly<Record<string, string | number | boolean | readonly (string | number | boolean)[]>>;
  readonly upstream: string;
}
