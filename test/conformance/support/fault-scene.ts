/** What is staged on the wall of faults, and what is to be seen there. */

import type { OpenAI } from 'openai';
import type { AttemptRecord, CallRecord, Clock, CostReport, FallbackOptions, StreamMode } from '../../../src/index.ts';
import type { Faults, Wall, WallUpstream } from './fault-wall.ts';

/** One of the sixteen faults. */
export interface WallFault {
  readonly number: number;
  readonly name: string;
  /** What is specified for it, after its name. */
  readonly rule: string;
  /** At least one for each way to give streams. */
  readonly scenes: readonly Scene[];
  /** Another upstream can answer in place of the one that has the fault. */
  readonly rescuable: boolean;
}

/** One way to meet a fault. */
export interface Scene {
  /** The model that is asked for: it selects the scene's faults, and is its own. */
  readonly model: string;
  readonly mode: StreamMode;
  /** What is peculiar to it: `no fallback allowed`. */
  readonly note: string;
  readonly staging: Staging;
  /** Plays it, and says how it went. */
  readonly play: (stage: Stage) => Promise<Verdict>;
}

/** How a scene differs from the usual: a stable upstream without faults, and one fallback. */
export interface Staging {
  readonly faults: Faults;
  /** @default ['fallback'] */
  readonly fallbacks?: FallbackOptions<WallUpstream>;
  /** The fallback's model. @default the caller's */
  readonly fallbackModel?: string;
  /** The call allows no fallback. @default false */
  readonly alone?: boolean;
  /** More of the request. */
  readonly body?: Partial<OpenAI.ChatCompletionCreateParamsStreaming>;
  /** Until when the upstreams are watched for further requests, in ms from the call on. @default not beyond the next call */
  readonly watchedMs?: number;
}

/** Where scenes are played. */
export interface Stage {
  readonly wall: Wall;
  readonly clock: Clock;
  /** Of back-offs: uniform in [0, 1). */
  readonly random: () => number;
  /** How much later than it should, in ms, a thing may happen. */
  readonly slackMs: number;
}

/** How a scene went. */
export interface Verdict {
  /** Who was asked, and when, for people. */
  readonly asked: string;
  /** What the caller had of it, for people. */
  readonly got: string;
  /** The caller got a whole answer of one upstream. */
  readonly whole: boolean;
  /** What was not as specified, a line each. */
  readonly deviations: readonly string[];
}

/** At least and at most so many ms after the call began. */
export type AtMs = readonly [fromMs: number, toMs: number];

/** An attempt to be seen: where, how it ends (outcome, failure kind, phase of a time-out), and when it is made. */
export type ExpectedAttempt = readonly [upstream: WallUpstream, ends: string, atMs: AtMs];

/** What is to be seen of one call. */
export interface Expectation {
  readonly attempts: readonly ExpectedAttempt[];
  /** What the caller gets of the last upstream's answer. @default 60, none where the call fails before any */
  readonly tokens?: number;
  /** The error that the caller sees. @default none */
  readonly fails?: {
    readonly is: abstract new (...args: never) => Error;
    readonly like: Readonly<Record<string, unknown>>;
  };
  /** The caller asks for the usage. @default false */
  readonly withUsage?: boolean;
  /** How the call as a whole ends. @default as its last attempt */
  readonly call?: string;
  /** When the caller has it all. @default when the last attempt is made */
  readonly endsAtMs?: AtMs;
  /** When the caller has the first of it. @default when it has it all */
  readonly firstAtMs?: AtMs;
  /** Who serves the next call, which has nothing wrong with it. @default 'openai' */
  readonly next?: WallUpstream;
  /** Further rules. */
  readonly also?: (seen: Seen) => readonly (string | undefined)[];
}

/** What was seen of one call, times in ms since it began. */
export interface Seen {
  /** What reached the upstreams. */
  readonly requests: readonly { readonly upstream: WallUpstream; readonly atMs: number }[];
  readonly answer: SeenAnswer;
  readonly attempts: readonly AttemptRecord[];
  readonly calls: readonly CallRecord[];
  readonly costs: CostReport;
  /** The call after it on the same client. */
  readonly next: { readonly upstreams: readonly WallUpstream[]; readonly answer: SeenAnswer };
}

/** What a caller got. */
export interface SeenAnswer {
  readonly chunks: readonly OpenAI.ChatCompletionChunk[];
  readonly error: unknown;
  /** To the first chunk. */
  readonly firstMs: number | undefined;
  /** To the end or the error. */
  readonly tookMs: number;
}
