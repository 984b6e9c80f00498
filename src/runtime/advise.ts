/** What is missing in options that are valid: parts that can do nothing without it. Said when the client is built. */

import type { Call, KeySource } from '../domain/call.ts';
import type { WarningEvent } from '../domain/events.ts';
import type { PriceTableVersion } from '../domain/usage.ts';
import type { Warnings } from '../events/warnings.ts';
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

/** Warns of a price list that is old: once, although its age rises. An old list of the package is not printed. */
export function warnOfOldList({ version, date, ageDays }: PriceTableVersion, warnings: Warnings, atMs: number): void {
  const topic = `price list ${version} ${date}`;
  const old = `The price list is of ${date}, ${ageDays} days old, so costs may be wrong`;
  if (version === 'prices.source') {
    warnings.once(topic, { code: 'price', message: `${old}: update the list of prices.source`, atMs });
    return;
  }
  const message = `${old}: update openai-canary, or write prices: { source: 'prices.json' }`;
  warnings.onceForListeners(topic, { code: 'price', message, atMs });
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

/** The warning that one key has most of the traffic. */
export function keyShareMessage(share: number, source: KeySource | undefined): string {
  return (
    `One key has ${Math.round(share * 100)} % of the latest calls (from ${KEY_PLACES[source ?? 'route']}): they all go to one upstream, whatever the weights are. ` +
    'Give each user or conversation a key of its own, or none'
  );
}

/** Where a key was found, for messages. */
const KEY_PLACES: Readonly<Record<KeySource, string>> = {
  route: 'route({ key })',
  context: 'canary.run({ key })',
  header: 'the header x-canary-key',
  option: 'the key function',
  safety_identifier: 'safety_identifier in the body',
  prompt_cache_key: 'prompt_cache_key in the body',
  user: 'user in the body',
  conversation: 'the opening of the conversation',
};

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

/** Probes may cost money that no call asked for. */
export function paidProbeMessage(budgetUsd: number): string {
  return `canary.probe sends a paid request of one token to an upstream that lists no models, for up to ${budgetUsd} USD a day and upstream`;
}
