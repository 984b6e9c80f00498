/** A behaviour of the SDK that is compared between a bare client and ours. */

import type { ClientOptions, OpenAI } from 'openai';
import type { OpenAIClass } from '../../../src/index.ts';
import type { Replies, SentRequest, Server } from './server.ts';

/** The environment of a behaviour: equal in every setting except for the client. */
export interface Stage {
  /** A client with the behaviour's options, created at its first use. */
  readonly client: OpenAI;
  /** The class of the setting; `Base` is the corresponding class of the SDK. @default OpenAI */
  readonly classOf: (Base?: OpenAIClass) => OpenAIClass;
  /** Creates another client, with these options in addition to the behaviour's. */
  readonly create: (options?: ClientOptions & Record<string, unknown>, Class?: OpenAIClass) => OpenAI;
  readonly server: Server;
}

export interface Behaviour {
  readonly name: string;
  readonly replies?: Replies;
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: ClientOptions & Record<string, unknown>;
  /** The result or error is compared, and so are all requests. */
  readonly run: (stage: Stage) => unknown;
  /** The documented differences of our client, by setting. */
  readonly differs?: Partial<Record<SettingName, readonly Difference[]>>;
  /** The reason why the behaviour is not compared through another upstream. */
  readonly onlyOnOwnConnection?: string;
  /** Skips waits. Only for behaviours without I/O of their own. @default false */
  readonly skipsTime?: boolean;
}

/** A way in which our client is compared with a bare one. */
export type SettingName = 'off' | 'on' | 'elsewhere';

/** A documented difference. */
export interface Difference {
  readonly reason: string;
  /** Our client behaves like a bare client with these options. */
  readonly options?: ClientOptions;
  /** Changes the observation of the bare client to the expected one. */
  readonly change?: (bare: Observation) => Observation;
}

/** The observed result of a behaviour. */
export interface Observation {
  readonly returned?: unknown;
  readonly threw?: unknown;
  readonly requests: readonly SentRequest[];
  readonly streamEnds: readonly string[];
}

/** The reason why hooks and spies are compared only on the client's own connection. */
export const ABOUT_ITSELF =
  'Hooks of a class are those of its own connection: another upstream has a client of its own.';
