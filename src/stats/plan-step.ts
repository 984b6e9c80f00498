/** The plan of one step of a rollout. */

import type { GuardOptions } from './analysis-types.ts';
import type { Bet } from './bet.ts';
import { createBets } from './create-bets.ts';
import { callsUntil } from './growth.ts';
import { createGuarded, type Guarded } from './guarded.ts';
import { RateGauge } from './rate-gauge.ts';

export interface PlanStepInput {
  readonly weight: number | undefined;
  readonly holdMs: number;
  readonly minCalls: number;
  readonly callsPerSecond: number;
  readonly errorRate: number;
  readonly guardrails: Readonly<Record<string, GuardOptions>>;
  readonly alpha: number;
  readonly promotionAlpha: number;
}

/** The expected detection of a canary whose error rate is this multiple of stable's from the start of the step. */
export interface CaughtRegression {
  readonly regression: '×2' | '×3' | '×10' | 'outage';
  /** Time until the rollback, in ms; `Infinity` if it is never detected. */
  readonly afterMs: number;
  /** Canary calls until then. */
  readonly exposedCalls: number;
  /** The failed ones among these calls. */
  readonly exposedFailures: number;
}

export interface StepPlan {
  readonly weight: number | undefined;
  /** The share of calls that are copied; `undefined` for steps with real callers. */
  readonly shadow: number | undefined;
  /** The share of calls that stable keeps in a step of weight 1, 0.01–0.2; `undefined` for other steps. */
  readonly holdback: number | undefined;
  /**
   * Time until the evidence lets a canary as good as stable advance, in ms; 0 without a weight, `Infinity` if it never
   * does.
   */
  readonly proofMs: number;
  /** Duration of the step in ms: the longest of its hold, its calls and its proof. */
  readonly timeMs: number;
  /** Calls of stable and canary together in that time. */
  readonly calls: number;
  /** Of a shadow step, its copies. */
  readonly canaryCalls: number;
  readonly regressions: readonly CaughtRegression[];
  readonly warnings: readonly string[];
}

/** The holdbacks to choose from: what stable may keep at a weight of 1. */
const HOLDBACKS = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2] as const;
/** If errors are not guarded, the time of a proof is unknown. */
const USUAL_HOLDBACK = 0.1;
const PROMOTION_ALPHA = 0.05;

export interface HoldbackInput {
  readonly guardrails: Readonly<Record<string, GuardOptions>>;
  readonly holdMs: number;
  /** Calls per second of stable and canary together. */
  readonly callsPerSecond: number;
  /** Stable's error rate, strictly between 0 and 1. */
  readonly errorRate: number;
  /** @default 0.05 */
  readonly promotionAlpha?: number | undefined;
}

/**
 * The smallest holdback with which a step of weight 1 can be decided within its hold; if none is large enough, the one that decides it
 * soonest.
 */
export function chooseHoldback({
  guardrails,
  holdMs,
  callsPerSecond,
  errorRate,
  promotionAlpha = PROMOTION_ALPHA,
}: HoldbackInput): number {
  const guarded = createGuarded(guardrails, 1).find(({ name }) => name === 'errorRate');
  if (!guarded) return USUAL_HOLDBACK;
  const input = { errorRate, callsPerSecond, promotionAlpha, weight: 1 };
  const times = HOLDBACKS.map((holdback) => proofOf(input, guarded, 1 - holdback));
  const first = times.findIndex((time) => time <= holdMs);
  return HOLDBACKS[first === -1 ? times.indexOf(Math.min(...times)) : first]!;
}

export function planStep(input: PlanStepInput): StepPlan {
  const { weight = 0, holdMs, minCalls, callsPerSecond, guardrails } = input;
  const holdback = weight > 1 - HOLDBACKS[0] ? chooseHoldback(input) : undefined;
  const share = holdback === undefined ? weight : 1 - holdback;
  const guarded = createGuarded(guardrails, weight || 1).find(({ name }) => name === 'errorRate');
  const proofMs = share > 0 && guarded ? proofOf(input, guarded, share) : 0;
  const minCallsMs = share > 0 ? (minCalls / (callsPerSecond * share)) * 1_000 : 0;
  const timeMs = Math.max(holdMs, minCallsMs, proofMs);
  const calls = (timeMs / 1_000) * callsPerSecond;
  const regressions = share > 0 && guarded ? regressionsOf(input, guarded, share) : [];
  const plan = {
    weight: input.weight,
    shadow: undefined,
    holdback,
    proofMs,
    timeMs,
    calls,
    canaryCalls: calls * share,
    regressions,
  };
  return { ...plan, warnings: warningsOf(plan, input, guarded) };
}

type ProofInput = Pick<PlanStepInput, 'errorRate' | 'callsPerSecond' | 'promotionAlpha' | 'weight'>;

function proofOf(input: ProofInput, guarded: Guarded, share: number): number {
  const { errorRate, callsPerSecond, promotionAlpha, weight = 0 } = input;
  const gauge = new RateGauge(errorRate);
  const bets = createBets({ kind: 'rate' }, gauge, 'noWorse', guarded.promotionLimits(weight));
  const traffic = { share, stableRate: errorRate, canaryRate: errorRate };
  const calls = bets.map((bet) => callsUntil(bet, -Math.log(promotionAlpha), traffic));
  return (Math.max(...calls) / callsPerSecond) * 1_000;
}

function regressionsOf(input: PlanStepInput, guarded: Guarded, share: number): readonly CaughtRegression[] {
  const { errorRate, callsPerSecond, alpha } = input;
  const bets = createBets({ kind: 'rate' }, new RateGauge(errorRate), 'worse', guarded.rollbackLimits);
  const logBound = -Math.log(alpha) - guarded.logShare + Math.log(bets.length);
  const caught = (regression: CaughtRegression['regression'], canaryRate: number): CaughtRegression => {
    const traffic = { share, stableRate: errorRate, canaryRate };
    const calls = Math.min(...bets.map((bet: Bet) => callsUntil(bet, logBound, traffic)));
    const exposedCalls = calls * share;
    const afterMs = (calls / callsPerSecond) * 1_000;
    return { regression, afterMs, exposedCalls, exposedFailures: exposedCalls * canaryRate };
  };
  const times = (factor: number): number => Math.min(1, factor * errorRate);
  return [caught('×2', times(2)), caught('×3', times(3)), caught('×10', times(10)), caught('outage', 1)];
}

function warningsOf(
  { proofMs, regressions }: Omit<StepPlan, 'warnings'>,
  { weight = 0, holdMs }: PlanStepInput,
  guarded: Guarded | undefined,
): readonly string[] {
  if (weight === 0) return [];
  if (!guarded) return ['is not guarded by errorRate, so it cannot be planned'];
  if (proofMs === Infinity)
    return ['never advances: a canary as good as stable cannot prove itself against its margin or max'];
  if (holdMs === 0) return [];
  const late = regressions.filter(({ afterMs }) => afterMs > holdMs).map(({ regression }) => regression);
  const proof = `needs about ${formatDuration(proofMs)} to prove the canary no worse, longer than its hold of ${formatDuration(holdMs)}`;
  const caught = `cannot catch ${late.join(', ')} within its hold of ${formatDuration(holdMs)}`;
  return [...(proofMs > holdMs ? [proof] : []), ...(late.length > 0 ? [caught] : [])];
}

/** A readable duration with two significant digits. */
export function formatDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, least]) => ms >= least) ?? UNITS.at(-1)!;
  const amount = Number((ms / size).toPrecision(2));
  return `${amount} ${unit === 'days' && amount === 1 ? 'day' : unit}`;
}

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];
