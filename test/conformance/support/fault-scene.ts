/** The scenes of the sixteen faults, and what is expected of them. */

import type { OpenAI } from 'openai';
import type { AttemptRecord, CallRecord, Clock, CostReport, FallbackOptions } from '../../../src/index.ts';
import type { Faults, Wall, WallUpstream } from './fault-wall.ts';

/** The client's settings beside its upstreams: the package's defaults, or `presets.failover`. */
export type Setting = (typeof SETTINGS)[number];

export const SETTINGS = ['defaults', 'failover'] as const;

/** One of the sixteen faults. */
export interface WallFault {
  readonly number: number;
  readonly name: string;
  /** The specification, shown after the name. */
  readonly rule: string;
  /** At least one scene per setting. */
  readonly scenes: readonly Scene[];
  /** Whether another upstream can answer instead of the one with the fault. */
  readonly rescuable: boolean;
}

/** One situation in which a call meets a fault. */
export interface Scene {
  /** The requested model. It is unique and selects the faults of the scene. */
  readonly model: string;
  readonly setting: Setting;
  /** The special condition of the scene, for example `no fallback allowed`. */
  readonly note: string;
  readonly staging: Staging;
  /** Plays the scene and returns its verdict. */
  readonly play: (stage: Stage) => Promise<Verdict>;
}

/** How a scene differs from the default: a stable upstream without faults, and one fallback. */
export interface Staging {
  readonly faults: Faults;
  /** @default ['fallback'] */
  readonly fallbacks?: FallbackOptions<WallUpstream>;
  /** The fallback's model. @default the caller's */
  readonly fallbackModel?: string;
  /** Whether the call forbids fallbacks. @default false */
  readonly alone?: boolean;
  /** Additional fields of the request. */
  readonly body?: Partial<OpenAI.ChatCompletionCreateParamsStreaming>;
  /**
   * How long to observe the upstreams for further requests, in ms from the start of the call. @default until the next
   * call
   */
  readonly watchedMs?: number;
}

/** The environment of scenes. */
export interface Stage {
  readonly wall: Wall;
  readonly clock: Clock;
  /** Random numbers for backoffs, uniform in [0, 1). */
  readonly random: () => number;
  /** The permitted delay of each event, in ms. */
  readonly slackMs: number;
}

/** The result of a scene. */
export interface Verdict {
  /** The requested upstreams with times, as text. */
  readonly asked: string;
  /** What the caller got, as text. */
  readonly got: string;
  /** Whether the caller got a whole answer of one upstream. */
  readonly whole: boolean;
  /** The deviations from the specification, one line each. */
  readonly deviations: readonly string[];
}

/** The earliest and the latest time of an event, in ms since the start of the call. */
export type AtMs = readonly [fromMs: number, toMs: number];

/** An expected attempt: its upstream, its end (outcome, failure kind, phase of a time-out) and its time. */
export type ExpectedAttempt = readonly [upstream: WallUpstream, ends: string, atMs: AtMs];

/** The expectations for one call. */
export interface Expectation {
  readonly attempts: readonly ExpectedAttempt[];
  /**
   * The tokens that the caller gets from the last upstream. @default 60, or 0 if the call fails before the first
   * token
   */
  readonly tokens?: number;
  /** The error that the caller gets. @default no error */
  readonly fails?: {
    readonly is: abstract new (...args: never) => Error;
    readonly like: Readonly<Record<string, unknown>>;
  };
  /** Whether the caller asks for usage. @default false */
  readonly withUsage?: boolean;
  /** The end of the whole call. @default that of its last attempt */
  readonly call?: string;
  /** The time at which the caller has the whole answer. @default the time of the last attempt */
  readonly endsAtMs?: AtMs;
  /** The time at which the caller has the first chunk. @default the time at which it has the whole answer */
  readonly firstAtMs?: AtMs;
  /** The upstream that serves a further call for the same model at once. @default no such call is made */
  readonly again?: WallUpstream;
  /** Another end that is as good, where two timers are due at the same time. */
  readonly or?: Expectation;
  /** Additional rules. */
  readonly also?: (seen: Seen) => readonly (string | undefined)[];
}

/** The observations of one call. Times are in ms since its start. */
export interface Seen {
  /** The requests that reached the upstreams. */
  readonly requests: readonly { readonly upstream: WallUpstream; readonly atMs: number }[];
  readonly answer: SeenAnswer;
  readonly attempts: readonly AttemptRecord[];
  readonly calls: readonly CallRecord[];
  readonly costs: CostReport;
  /** The next call on the same client, for a model without faults. */
  readonly next: SeenNext;
  /** A further call for the same model, if one is expected. */
  readonly again: SeenNext | undefined;
}

/** A later call, and the upstreams that it asked. */
export interface SeenNext {
  readonly upstreams: readonly WallUpstream[];
  readonly answer: SeenAnswer;
}

/** What a caller got. */
export interface SeenAnswer {
  readonly chunks: readonly OpenAI.ChatCompletionChunk[];
  readonly error: unknown;
  /** The time to the first chunk. */
  readonly firstMs: number | undefined;
  /** The time to the end or to the error. */
  readonly tookMs: number;
}
