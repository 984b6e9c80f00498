/** A client on a manual clock, with a scripted provider behind each of its upstreams. */

import { CanaryClient, type CanaryEventName, type CanaryOptions, type UpstreamOptions } from '../../src/index.ts';
import { ManualClock, collectEvents, seededRandom, type CollectedEvents } from '../../src/testing/index.ts';
import { ScriptedProviders } from './scripted-providers.ts';

/** Everything that a test of a client needs. */
export interface SetUp {
  readonly ai: CanaryClient;
  readonly clock: ManualClock;
  readonly providers: ScriptedProviders;
  readonly events: CollectedEvents;
}

/** The options of a test; `client` has the SDK's own options. */
export interface SetUpOptions {
  readonly canary?: CanaryOptions | undefined;
  readonly client?: Readonly<Record<string, unknown>>;
  /** Additional upstreams, each with a connection of its own and these options. */
  readonly upstreams?: Readonly<Record<string, UpstreamOptions>>;
}

/** Sets up a client named `openai`, at `https://openai.test/v1`. Every upstream is at the host of its own name. */
export function setUp({ canary = {}, client = {}, upstreams = {} }: SetUpOptions = {}): SetUp {
  const clock = new ManualClock();
  const providers = new ScriptedProviders(clock);
  const ai: CanaryClient = new CanaryClient<string, string>({
    apiKey: 'key-of-openai',
    baseURL: 'https://openai.test/v1',
    fetch: providers.fetch,
    ...client,
    canary: {
      clock,
      random: seededRandom(1),
      logger: { warn: () => undefined },
      prices: Object.fromEntries(['openai', ...Object.keys(upstreams)].map((name) => [name, PRICE])),
      ...canary,
      upstreams: { ...ownUpstreams(upstreams), ...canary.upstreams },
    },
  });
  return { ai, clock, providers, events: collectEvents(ai, ALL_BUT_METRICS) };
}

/** Sets up a canary `gemini` that gets every call, with `openai` as stable. */
export function setUpCanary({ canary, upstreams, ...rest }: SetUpOptions = {}): SetUp {
  return setUp({ ...rest, upstreams: { gemini: {}, ...upstreams }, canary: { weights: { gemini: 1 }, ...canary } });
}

function ownUpstreams(upstreams: Readonly<Record<string, UpstreamOptions>>): Record<string, UpstreamOptions> {
  return Object.fromEntries(
    Object.entries(upstreams).map(([name, options]) => [
      name,
      { baseURL: `https://${name}.test/v1`, apiKey: `key-of-${name}`, ...options },
    ]),
  );
}

/** 10 input and 5 output tokens cost 0.00006 USD. */
export const PRICE = { inputPerMTok: 2, outputPerMTok: 8 } as const;

/** Listening to `metrics` would start its ticker. */
const ALL_BUT_METRICS: readonly CanaryEventName[] = [
  'call',
  'attempt',
  'retry',
  'fallback',
  'hedge',
  'breaker',
  'rateLimit',
  'budget',
  'shadow',
  'alert',
  'step',
  'promote',
  'rollback',
  'pause',
  'resume',
  'restart',
  'warning',
];
