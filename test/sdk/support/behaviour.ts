/** One thing that the SDK does, to be seen on a bare client and on ours. */

import type { ClientOptions, OpenAI } from 'openai';
import type { OpenAIClass } from '../../../src/index.ts';
import type { Replies, SentRequest, Server } from './server.ts';

/** Where a behaviour plays: the same for every setting but for the client. */
export interface Stage {
  /** A client with the behaviour's options, made when it is first used. */
  readonly client: OpenAI;
  /** The class of the setting; `Base` is the SDK's class that it stands for. @default OpenAI */
  readonly classOf: (Base?: OpenAIClass) => OpenAIClass;
  /** One more client, with these options on top of the behaviour's. */
  readonly create: (options?: ClientOptions & Record<string, unknown>, Class?: OpenAIClass) => OpenAI;
  readonly server: Server;
}

export interface Behaviour {
  readonly name: string;
  readonly replies?: Replies;
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: ClientOptions & Record<string, unknown>;
  /** What it returns or throws is compared, with all requests that it sent. */
  readonly run: (stage: Stage) => unknown;
  /** Where ours is documented to differ, and how. */
  readonly differs?: Partial<Record<SettingName, readonly Difference[]>>;
  /** Why the behaviour is not compared through another upstream: it is about the client itself. */
  readonly onlyAtHome?: string;
  /** Waits pass at once; a behaviour that does no I/O of its own may ask for it. */
  readonly skipsTime?: boolean;
}

/** How a client of ours is set beside a bare one. */
export type SettingName = 'off' | 'on' | 'elsewhere';

/** A documented difference. */
export interface Difference {
  readonly reason: string;
  /** Ours behaves as a bare client with these options. */
  readonly options?: ClientOptions;
  /** What becomes of the bare client's observation. */
  readonly change?: (bare: Observation) => Observation;
}

/** What was seen. */
export interface Observation {
  readonly returned?: unknown;
  readonly threw?: unknown;
  readonly requests: readonly SentRequest[];
  readonly streamEnds: readonly string[];
}

/** Why hooks and spies are compared on the client's own connection only. */
export const ABOUT_ITSELF =
  'Hooks of a class are those of its own connection: another upstream has a client of its own.';
