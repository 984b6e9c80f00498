/** The rows of the matrix: what breaks, after how many good calls, at which weight, and with which feature. */

import type { CanaryOptions, RolloutGuardOptions } from '../../../src/index.ts';
import { chat, failed, type Reply } from '../../support/replies.ts';
import { RESET, say } from '../../support/chat-steps.ts';
import { events } from '../../support/stream-replies.ts';
import { hanging, type World } from './world.ts';

export const WEIGHTS = ['5 %', '50 %', 'the last step'] as const;
type Weight = (typeof WEIGHTS)[number];

/**
 * A broken canary is rolled back within this many calls that were assigned to it. A call tells less where stable has fewer of them to compare
 * with: a failure of every call is worth ln(1/w) at a weight of w, and the evidence to reach is ln 100 beyond what is spread over
 * alternatives. The bounds are about twice what the slowest of all rows needs.
 */
const BOUNDS = {
  outage: { '5 %': 10, '50 %': 25, 'the last step': 75 },
  partial: { '5 %': 30, '50 %': 80, 'the last step': 250 },
  doubled: { '5 %': 20, '50 %': 40, 'the last step': 120 },
  slower: { '5 %': 50, '50 %': 80, 'the last step': 250 },
} as const satisfies Record<string, Record<Weight, number>>;

/** A way in which a canary breaks. */
interface Fault {
  /** What the canary answers from the onset on. */
  reply(world: World): Reply;
  /** How plain the fault is. */
  readonly clarity: keyof typeof BOUNDS;
  /** The guardrails, if the default one does not measure the fault. */
  readonly guardrails?: Readonly<Record<string, RolloutGuardOptions>>;
  /** What tells the fault from an answer. */
  readonly canary?: CanaryOptions;
  /** All calls are streams. */
  readonly stream?: boolean;
  /** The mean score of a broken canary's answers; a healthy one has 0.8. */
  readonly quality?: number;
  /** The caller has the beginning of the answer already, so that no other upstream can take over. */
  readonly reachesCallers?: boolean;
  /** How long a broken call runs until it tells anything, in ms; and where no other upstream can serve it. */
  readonly tellsAfterMs?: number;
  readonly aloneTellsAfterMs?: number;
}

const always = (reply: Reply) => (): Reply => reply;

export const FAULTS = {
  '503 always': { reply: always(failed(503)), clarity: 'outage' },
  '60 % 503': {
    reply: (world) => {
      const [good, bad] = [world.healthy('gemini'), failed(503)];
      return (request) => (world.random() < 0.6 ? bad : good)(request);
    },
    clarity: 'partial',
  },
  hangs: { reply: always(hanging), clarity: 'outage', tellsAfterMs: 122_000 },
  '429 for good': {
    reply: always(failed(429, {}, { 'retry-after': '30' })),
    clarity: 'outage',
    aloneTellsAfterMs: 62_000,
  },
  'insufficient quota': { reply: always(failed(429, { code: 'insufficient_quota' })), clarity: 'outage' },
  '401 always': { reply: always(failed(401)), clarity: 'outage' },
  '400 always': { reply: always(failed(400)), clarity: 'outage' },
  'model not found': { reply: always(failed(404, { code: 'model_not_found' })), clarity: 'outage' },
  'empty answers': { reply: always(chat('')), clarity: 'outage', canary: { accept: 'nonEmpty' } },
  'streams cut before content': { reply: always(events([RESET])), clarity: 'outage', stream: true },
  'streams cut in the middle': {
    reply: always(events([say('Hel'), RESET])),
    clarity: 'outage',
    stream: true,
    reachesCallers: true,
  },
  '× 3 slower': {
    reply: (world) => world.healthy('gemini', { slower: 3 }),
    clarity: 'slower',
    guardrails: { errorRate: {}, latencyP95: {} },
  },
  'cost × 2': {
    reply: (world) => world.healthy('gemini', { dearer: 2 }),
    clarity: 'doubled',
    guardrails: { errorRate: {}, costPerCall: {} },
  },
  'quality worse': {
    reply: (world) => world.healthy('gemini'),
    clarity: 'doubled',
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
  tasks: { canary: { tasks: { routes: { translate: ['gemini', 'openai'] } } }, task: 'translate' },
  'fallbacks off': { canary: { fallbacks: [] }, isAlone: true },
  'maxRetries 0': { client: { maxRetries: 0 } },
  'four processes': { processes: 4 },
  shadow: { canary: { shadow: { upstream: 'spare', share: 0.1 } } },
} as const satisfies Record<string, Feature>;

export const ONSETS = [0, 20, 200, 1_000] as const;

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
/** Ten calls a second. */
export const EVERY_MS = 100;

/**
 * The number of assigned canary calls within which a canary is rolled back: those that tell it, and those that are made until the first of
 * them ends and until the evidence is looked at.
 */
export function boundOf(row: Row): number {
  const [{ clarity, tellsAfterMs = 0, aloneTellsAfterMs = 0 }, feature] = [faultOf(row), featureOf(row)];
  // Without another upstream each call is retried twice by the SDK's own rules.
  const retriesMs = feature.isAlone ? Math.max(3_000, aloneTellsAfterMs) : 500;
  // Several processes merge their samples once a second, and pass the lease on.
  const lookMs = (feature.processes ?? 1) > 1 ? 3_000 : 1_000;
  const share = SHARES[row.weight];
  const delayed = (share * (tellsAfterMs + retriesMs + lookMs)) / EVERY_MS;
  // How many calls the split assigns in a time is random. Where nothing is told for minutes, that is more than what the judge needs.
  const spread = tellsAfterMs > 0 ? 2 * Math.sqrt(delayed * (1 - share)) : 0;
  return BOUNDS[clarity][row.weight] + Math.ceil(delayed + spread);
}
