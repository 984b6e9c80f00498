/** The options of the live page. */

import type { Duration } from '../domain/duration.ts';
import { checkBoolean, checkDuration, checkKeys, checkList, checkNumber, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Peer } from '../http/node-handler.ts';

/** What a request asks for: `read` shows the page and its numbers, `change` moves a rollout. */
export type DashboardWish = 'read' | 'change';

/** The other end of the connection. */
export type DashboardPeer = Peer;

/** Options of `createDashboard()`. */
export interface DashboardOptions {
  /**
   * Decides on every request, before anything is read or changed: `true` lets it pass, `false` answers 401 (`read`) or 403 (`change`), and a
   * `Response`, such as a redirect to a login, is sent as it is. A function that throws lets nothing pass. A page that stays open is asked for
   * again every 15 minutes.
   *
   * Without it the page is read-only, and serves only requests from this machine: the address of the connection and the `Host` must be loopback.
   * @default none
   */
  readonly authorize?:
    | ((
        request: Request,
        wish: DashboardWish,
        peer: DashboardPeer,
      ) => boolean | Response | PromiseLike<boolean | Response>)
    | undefined;
  /**
   * Shows no buttons and refuses all changes.
   * @default false with `authorize`; always true without it
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Further origins that may send changes, such as `'https://ops.example.com'`: for a proxy that does not pass on the `Host`. The origin of the page
   * itself always may.
   * @default []
   */
  readonly origins?: readonly string[] | undefined;
  /**
   * Shows pairs of answers of the shadow that disagree, with the text of both. Everyone who may read the page can then read answers to users.
   * @default false
   */
  readonly samples?: boolean | undefined;
  /**
   * The time between two updates of an open page, 100 ms to 1 minute. Decisions are shown at once.
   * @default '1s'
   */
  readonly updateInterval?: Duration | undefined;
  /**
   * The most pages that are open at a time, 1–10,000. A further one gets a 503.
   * @default 100
   */
  readonly maxClients?: number | undefined;
}

/** The options with all defaults filled in. */
export interface DashboardSettings {
  readonly authorize: DashboardOptions['authorize'];
  readonly canChange: boolean;
  readonly origins: readonly string[];
  readonly samples: boolean;
  readonly updateMs: number;
  readonly maxClients: number;
}

const NAMES = ['authorize', 'readOnly', 'origins', 'samples', 'updateInterval', 'maxClients'];

/** @throws ConfigError */
export function resolveDashboard(options: DashboardOptions = {}): DashboardSettings {
  checkKeys('dashboard', options, NAMES);
  const {
    authorize,
    readOnly = false,
    origins = [],
    samples = false,
    updateInterval = '1s',
    maxClients = 100,
  } = options;
  if (authorize !== undefined && typeof authorize !== 'function')
    throw new ConfigError('dashboard.authorize', `should be a function, got ${formatValue(authorize)}`);
  if (options.readOnly === false && !authorize)
    throw new ConfigError('dashboard.readOnly', 'should not be false without authorize: anyone could move the rollout');
  const updateMs = checkDuration('dashboard.updateInterval', updateInterval, { min: 100 });
  if (updateMs > 60_000)
    throw new ConfigError('dashboard.updateInterval', `should be at most 1 minute, got ${formatValue(updateInterval)}`);
  return {
    authorize,
    canChange: authorize !== undefined && !checkBoolean('dashboard.readOnly', readOnly),
    origins: checkOrigins(origins),
    samples: checkBoolean('dashboard.samples', samples),
    updateMs,
    maxClients: checkNumber('dashboard.maxClients', maxClients, { min: 1, max: 10_000, integer: true }),
  };
}

function checkOrigins(origins: readonly string[]): readonly string[] {
  checkList('dashboard.origins', origins, 'a list of origins');
  origins.forEach((origin, index) => {
    if (URL.canParse(origin) && new URL(origin).origin === origin) return;
    throw new ConfigError(
      `dashboard.origins[${index}]`,
      `should be an origin such as 'https://ops.example.com', got ${formatValue(origin)}`,
    );
  });
  return [...origins];
}
