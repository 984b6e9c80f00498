/** What a user writes to set up a gateway. No logic. */

import type { BudgetPeriod, Clock, Duration } from '../index.ts';

/** One or more tokens: with several, each is valid, so that a token can be replaced without an interruption. */
export type Tokens = string | readonly string[];

/** A caller with limits of its own. */
export interface CallerOptions {
  /** At least 16 visible ASCII characters each. */
  readonly token: Tokens;
  /** Requests per minute, over any sixty seconds, in this process. @default no limit */
  readonly rpm?: number | undefined;
  /** Requests in flight at a time, in this process; a stream counts until it ends. @default no limit */
  readonly concurrency?: number | undefined;
  /**
   * The most that the caller may spend in a period of UTC, in this process. It starts again with the process. Budgets that last, and that a fleet
   * shares, are the option `budgets` of the client. @default no limit
   */
  readonly budget?: { readonly per: BudgetPeriod; readonly limitUsd: number } | undefined;
}

/** The text of `/metrics`: a function, or a registry of `prom-client` or `@prometheus-io/client`. */
export type MetricsSource =
  (() => string | Promise<string>) | { metrics(): string | Promise<string>; readonly contentType: string };

/** The options of `createGateway()`. */
export interface GatewayOptions {
  /**
   * Who may make calls: bearer tokens by the name of the caller. The name is the attribute `caller` of its calls, which segments can match.
   * @default only programs on this machine may make calls
   */
  readonly auth?: Readonly<Record<string, Tokens | CallerOptions>> | undefined;
  /** Who may use the routes below `/admin`: bearer tokens by name. @default no such routes */
  readonly admin?: Readonly<Record<string, Tokens>> | undefined;
  /** @default no route `/metrics` */
  readonly metrics?: MetricsSource | undefined;
  /** Whether `/metrics` can be read without a token of `auth` or `admin`. It holds names, numbers and costs. @default false */
  readonly openMetrics?: boolean | undefined;
  /** The largest body of a request, in bytes. @default 20_971_520 (20 MiB) */
  readonly bodyLimitBytes?: number | undefined;
  /** Requests in flight at a time; further ones get a 503. @default 2000 */
  readonly maxInFlight?: number | undefined;
  /**
   * Headers of a request that go to the upstream, in lower case. Credentials and cookies never do.
   * @default ['openai-beta', 'idempotency-key', 'x-client-request-id']
   */
  readonly forwardHeaders?: readonly string[] | undefined;
  /** How long a client may leave what was sent to it unread before it is disconnected. @default '60s' */
  readonly stallTimeout?: Duration | undefined;
  /** Receives unexpected errors; clients get a 500 without details. @default ignored */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** @default the system's time */
  readonly clock?: Clock | undefined;
}

/** Where a gateway listens. */
export interface ListenOptions {
  /** 0 stands for any free port. @default 8787 */
  readonly port?: number | undefined;
  /** An address of this machine. Without `auth` it should be a loopback address. @default '127.0.0.1' */
  readonly host?: string | undefined;
  /** The longest time for a whole request to arrive; its headers have at most ten seconds. @default '60s' */
  readonly requestTimeout?: Duration | undefined;
}
