/** The rows of the matrix: what breaks, after how many good calls, at which weight, and with which feature. */

import type { CanaryOptions, RolloutGuardOptions } from '../../../src/index.ts';
import { failed, type Reply } from '../../support/replies.ts';
import { RESET, say } from '../../support/chat-steps.ts';
import { events } from '../../support/stream-replies.ts';
import { hanging, type World } from './world.ts';

/** A way in which a canary breaks. */
export interface Fault {
  /** What the canary answers from the onset on. */
  reply(world: World): Reply;
  /** A broken canary is rolled back within this many calls that were assigned to it, at the defaults. */
  readonly bound: number;
  /** The guardrails, if the default one does not measure the fault. */
  readonly guardrails?: Readonly<Record<string, RolloutGuardOptions>>;
  /** All calls are streams. */
  readonly stream?: boolean;
  /** The mean score of a broken canary's answers; a healthy one has 0.8. */
  readonly quality?: number;
  /** The caller has the beginning of the answer already, so that no other upstream can take over. */
  readonly reachesCallers?: boolean;
  /** The longest time until a broken call fails, in ms. */
  readonly failsAfterMs?: number;
}

const always = (reply: Reply) => (): Reply => reply;

export const FAULTS = {
  '503 always': { reply: always(failed(503)), bound: 8 },
  '60 % 503': {
    reply: (world) => {
      const [good, bad] = [world.healthy('gemini'), failed(503)];
      return (request) => (world.random() < 0.6 ? bad : good)(request);
    },
    bound: 25,
  },
  hangs: { reply: always(hanging), bound: 8, failsAfterMs: 600_000 },
  '429 for good': { reply: always(failed(429, {}, { 'retry-after': '30' })), bound: 8 },
  'insufficient quota': { reply: always(failed(429, { code: 'insufficient_quota' })), bound: 8 },
  '401 always': { reply: always(failed(401)), bound: 8 },
  '400 always': { reply: always(failed(400)), bound: 8 },
  'model not found': { reply: always(failed(404, { code: 'model_not_found' })), bound: 8 },
  'streams cut before content': { reply: always(events([RESET])), bound: 8, stream: true },
  'streams cut in the middle': {
    reply: always(events([say('Hel'), RESET])),
    bound: 8,
    stream: true,
    reachesCallers: true,
  },
  '× 3 slower': {
    reply: (world) => world.healthy('gemini', { slower: 3 }),
    bound: 60,
    guardrails: { errorRate: {}, latencyP95: {} },
  },
  'cost × 2': {
    reply: (world) => world.healthy('gemini', { dearer: 2 }),
    bound: 60,
    guardrails: { errorRate: {}, costPerCall: {} },
  },
  'quality worse': {
    reply: (world) => world.healthy('gemini'),
    bound: 60,
    guardrails: { errorRate: {}, quality: {} },
    quality: 0.5,
  },
} as const satisfies Record<string, Fault>;

/** What else is on. */
export interface Feature {
  readonly canary?: CanaryOptions;
  readonly client?: Readonly<Record<string, unknown>>;
  readonly processes?: number;
  /** A call that fails on the canary has nowhere to go. */
  readonly isAlone?: boolean;
  /** The task of one call in ten. */
  readonly task?: string;
}

export const FEATURES = {
  defaults: {},
  'breaker off': { canary: { breaker: false } },
  hedge: { canary: { hedge: { after: 'p95' } } },
  cache: { canary: { cache: { when: () => true } } },
  limits: { canary: { upstreams: { gemini: { limits: { rpm: 6_000, concurrency: 20 } } } } },
  budgets: { canary: { budgets: [{ name: 'all', per: 'day', limitUsd: 100, onExceeded: 'reject' }] } },
  tasks: { canary: { tasks: { routes: { translate: ['spare', 'openai'] } } }, task: 'translate' },
  'fallbacks off': { canary: { fallbacks: [] }, isAlone: true },
  'maxRetries 0': { client: { maxRetries: 0 } },
  'four processes': { processes: 4 },
  shadow: { canary: { shadow: { upstream: 'spare', share: 0.1 } } },
} as const satisfies Record<string, Feature>;

export const ONSETS = [0, 20, 200, 1_000] as const;
export const WEIGHTS = ['5 %', '50 %', 'the last step'] as const;

export interface Row {
  readonly fault: keyof typeof FAULTS;
  readonly onset: (typeof ONSETS)[number];
  readonly weight: (typeof WEIGHTS)[number];
  readonly feature: keyof typeof FEATURES;
}

export const faultOf = ({ fault }: Row): Fault => FAULTS[fault];
export const featureOf = ({ feature }: Row): Feature => FEATURES[feature];
export const names = <Name extends string>(record: Readonly<Record<Name, unknown>>) => Object.keys(record) as Name[];

/** Every row of the matrix. */
export function allRows(): readonly Row[] {
  return names(FAULTS).flatMap((fault) =>
    ONSETS.flatMap((onset) =>
      WEIGHTS.flatMap((weight) => names(FEATURES).map((feature): Row => ({ fault, onset, weight, feature }))),
    ),
  );
}

/** The canary's share of calls at each weight, about. */
export const SHARES = { '5 %': 0.05, '50 %': 0.5, 'the last step': 0.9 } as const;
