/** What is missing in options that are valid: parts that can do nothing without it. Said when the client is built. */

import type { Call } from '../domain/call.ts';
import type { WarningEvent } from '../domain/events.ts';
import type { IsPriced } from '../upstream/upstream-costs.ts';
import { requestedModel } from '../upstream/upstream.ts';
import type { ResolvedOptions } from './resolve-options.ts';

/** A warning for everything that is missing, with the line to write. */
export function adviseOn(
  options: ResolvedOptions,
  isPriced: IsPriced,
): readonly Pick<WarningEvent, 'code' | 'message'>[] {
  return [...adviseOnPrices(options, isPriced), ...adviseOnStore(options)];
}

/** What depends on the price of an upstream, in words: `the guardrail costPerCall of the rollout to mini cannot be decided`. */
export function dependsOnPriceOf(
  upstream: string,
  { rollouts, budgets, shadow }: Pick<ResolvedOptions, 'rollouts' | 'budgets' | 'shadow'>,
): readonly string[] {
  const guarded = rollouts.filter(
    ({ to, stable, guardrails }) => 'costPerCall' in guardrails && (to === upstream || stable === upstream),
  );
  return [
    ...guarded.map(({ to }) => `the guardrail costPerCall of the rollout to ${to} cannot be decided`),
    ...budgets.map(({ name }) => `the budget ${name} does not count its calls`),
    ...(shadow?.budgetUsd !== undefined && upstream in shadow.shares ? ['shadow.budgetUsd does not limit it'] : []),
  ];
}

/** The line that states a price. */
export function priceLine(upstream: string): string {
  return `write prices: { ${JSON.stringify(upstream)}: { inputPerMTok: …, outputPerMTok: … } } in USD`;
}

/** Only of upstreams whose model is fixed: the models of callers are not known yet. */
function* adviseOnPrices(
  options: ResolvedOptions,
  isPriced: IsPriced,
): Generator<Pick<WarningEvent, 'code' | 'message'>> {
  const call: Call = { ...CHAT_CALL, startedAtMs: options.clock.now() };
  for (const config of options.upstreams) {
    const consequences = dependsOnPriceOf(config.name, options);
    const model = requestedModel({ config }, call);
    if (consequences.length === 0 || model === undefined || isPriced(config.name, call)) continue;
    const message = `No price is known for ${model} on ${config.name}: ${consequences.join(', ')}; ${priceLine(config.name)}`;
    yield { code: 'price', message };
  }
}

function adviseOnStore({ rollouts, store }: ResolvedOptions): Pick<WarningEvent, 'code' | 'message'>[] {
  if (rollouts.length === 0 || store?.persistent) return [];
  const rule = 'Rollouts restart at their first step with each process: there is no persistent store';
  return [{ code: 'rollout', message: `${rule}; write store: fileStore('canary.json')` }];
}

/** A chat call that names no model. */
const CHAT_CALL: Omit<Call, 'startedAtMs'> = {
  id: 0,
  surface: 'chat',
  method: 'post',
  path: '/chat/completions',
  model: undefined,
  stream: false,
  replayable: true,
  key: undefined,
  keySource: undefined,
  task: undefined,
  attributes: {},
  forcedUpstream: undefined,
  fallbacks: true,
  streamMode: undefined,
  shadow: true,
  requirements: new Set(),
  toolRun: undefined,
  ownedId: undefined,
};
