/** The clients that meet each behaviour. */

import { OpenAI, type ClientOptions } from 'openai';
import { CanaryClient, defaultAlerts, memoryStore, type CanaryOptions } from '../../../src/index.ts';

/** The host of the provider with the behaviour, and those of the healthy ones. */
export type Host = 'own' | 'spare' | 'mirror';

export interface Column {
  readonly name: string;
  readonly create: (options: ClientOptions) => OpenAI;
  /** The provider that has the behaviour; the others are healthy. The bare SDK always asks `own`. */
  readonly faulty: 'own' | 'spare';
  /** Any difference from the bare SDK is harm. */
  readonly isExact: boolean;
  /** Another upstream can serve a call, so that the first byte may come later. */
  readonly hasOthers: boolean;
  /** Requests beyond those of the bare SDK that one call may cause at all upstreams together. */
  readonly extraRequests: number;
  /** The providers that are asked in some scene. */
  readonly hosts: readonly Host[];
}

const QUIET = { warn: () => undefined };
const PRICE = { inputPerMTok: 2, outputPerMTok: 8 };

const SPARE = { baseURL: 'https://spare.test/v1', apiKey: 'key-of-spare' };

/** Every feature at once, with limits that no scene reaches. */
const EVERYTHING: CanaryOptions = {
  upstreams: { spare: SPARE, mirror: { baseURL: 'https://mirror.test/v1', apiKey: 'key-of-mirror' } },
  rollout: {
    to: 'spare',
    steps: [{ weight: 0.05, hold: '1h' }, { weight: 1 }],
    guardrails: { errorRate: {}, latencyP95: { margin: 0.2 }, costPerCall: { margin: 0.1 } },
  },
  fallbacks: ['spare'],
  hedge: { after: '2s', maxShare: 1 },
  cache: { when: () => true },
  limits: { openai: { rpm: 10_000, tpm: 10_000_000, concurrency: 1_000, queue: { maxWait: '5s' } } },
  budgets: [{ name: 'all', per: 'day', limitUsd: 1_000, onExceeded: 'reject' }],
  shadow: { upstream: 'mirror', share: 1 },
  tasks: { classify: () => 'talk', routes: { other: ['spare', 'openai'] } },
  alerts: defaultAlerts(),
  prices: { openai: PRICE, spare: PRICE, mirror: PRICE },
  store: memoryStore(),
};

/** The bare SDK, which the other columns are compared with. */
export const BARE = { name: 'SDK', create: (options: ClientOptions): OpenAI => new OpenAI(options) };

export const COLUMNS: readonly Column[] = [
  {
    name: 'off',
    create: (options) => new CanaryClient(options),
    faulty: 'own',
    isExact: true,
    hasOthers: false,
    extraRequests: 0,
    hosts: ['own'],
  },
  {
    name: 'canary: {}',
    create: withCanaryOptions({}),
    faulty: 'own',
    isExact: false,
    hasOthers: false,
    extraRequests: 0,
    hosts: ['own'],
  },
  {
    // Calls of stable have no fallbacks by default.
    name: 'split',
    create: withCanaryOptions({ upstreams: { spare: SPARE }, weights: { spare: 0.05 } }),
    faulty: 'own',
    isExact: false,
    hasOthers: false,
    extraRequests: 0,
    hosts: ['own', 'spare'],
  },
  {
    // One retry, one request to the fallback or as a hedge, and a copy for the shadow.
    name: 'everything',
    create: (options) => withCanaryOptions({ ...EVERYTHING, store: memoryStore() })(options),
    faulty: 'own',
    isExact: false,
    hasOthers: true,
    extraRequests: 3,
    hosts: ['own', 'spare', 'mirror'],
  },
  {
    // A healthy stable, and a canary with the fault: one retry and one fallback.
    name: 'canary',
    create: withCanaryOptions({ upstreams: { spare: SPARE }, weights: { spare: 1 } }),
    faulty: 'spare',
    isExact: false,
    hasOthers: true,
    extraRequests: 2,
    hosts: ['own', 'spare'],
  },
];

function withCanaryOptions(canary: CanaryOptions): Column['create'] {
  return (options) => new CanaryClient<string, string>({ ...options, canary: { logger: QUIET, ...canary } });
}
