/** `prices check`: the models in use, their prices, the age of these, and what providers reported instead. */

import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { fileStore, type ModelPrice } from '../../index.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { createClient } from '../create-client.ts';
import { DONE, PROBLEMS_FOUND } from '../exit-codes.ts';
import { table, usd } from '../format.ts';
import { loadConfig } from '../load-config.ts';
import { offlineConfig } from '../simulated-config.ts';
import { UsageError } from '../usage-error.ts';

interface PricesOptions extends CommonOptions {
  readonly store?: string | undefined;
}

export function describePrices(command: Command): Command {
  return command
    .description('list the models in use with their price, its age and what the providers reported instead')
    .option(
      '-s, --store <file>',
      'the state file of the running process, fileStore(file), if it is not in the configuration',
    )
    .addHelpText('after', '\nExample:\n  $ openai-canary prices check --store state.json');
}

export async function runPrices(options: PricesOptions, { terminal }: CommandContext): Promise<number> {
  const loaded = await loadConfig(options.config);
  if (options.store !== undefined && !existsSync(options.store))
    throw new UsageError(`File not found: ${options.store}`);
  const store = options.store === undefined ? loaded.options.canary?.store : fileStore(options.store);
  const { canary, ...client } = offlineConfig(loaded.options);
  // Without its rollouts, budgets and alerts the client reads the store and changes nothing in it.
  const reading = { ...canary, store, rollout: undefined, alerts: undefined, budgets: undefined, shadow: undefined };
  const { canary: control } = createClient(loaded, { ...client, canary: reading });
  const warnings: string[] = [];
  control.on('warning', ({ code, message }) => code === 'price' && warnings.push(message));
  const prices = await control.prices();
  await control.close();
  const problems = [...warnings, ...prices.flatMap(problemsOf)];
  if (options.json) terminal.out(JSON.stringify({ prices, problems }, null, 2));
  else for (const line of linesOf(prices, problems)) terminal.out(line);
  return problems.length === 0 ? DONE : PROBLEMS_FOUND;
}

const OLD_DAYS = 60;
/** Providers round what they report. */
const NOTABLE_PERCENT = 2;

function problemsOf({ upstream, model, source, table: list, reported }: ModelPrice): readonly string[] {
  const what = `${model} on ${upstream}`;
  const { differencePercent } = reported ?? {};
  return [
    ...(source === null ? [`No price is known for ${what}`] : []),
    ...(list?.ageDays !== undefined && list.ageDays > OLD_DAYS
      ? [`The price of ${what} is ${list.ageDays} days old`]
      : []),
    ...(typeof differencePercent === 'number' && Math.abs(differencePercent) > NOTABLE_PERCENT
      ? [`The provider of ${what} reported ${signed(differencePercent)} against the list`]
      : []),
  ];
}

const HEAD = [
  'upstream',
  'model',
  'attempts',
  'input',
  'cached',
  'output',
  'source',
  'age',
  'reported',
  'by list',
  'difference',
];

function linesOf(prices: readonly ModelPrice[], problems: readonly string[]): readonly string[] {
  if (prices.length === 0) return ['No models are known yet: the options name none, and the store has no attempts.'];
  const rows = prices.map(({ upstream, model, attempts, source, table: list, reported, ...price }) => [
    upstream,
    model,
    String(attempts),
    usd(price.inputPerMTok),
    usd(price.cachedInputPerMTok),
    usd(price.outputPerMTok),
    sourceText(source, list),
    list?.ageDays === undefined ? '–' : `${list.ageDays} d`,
    usd(reported?.costUsd),
    usd(reported?.tableCostUsd),
    signed(reported?.differencePercent),
  ]);
  return [
    ...table(HEAD, rows, ['upstream', 'model', 'source']),
    '',
    'Prices are in USD per million tokens.',
    ...problems.map((problem) => `Warning: ${problem}`),
  ];
}

function sourceText(source: ModelPrice['source'], list: ModelPrice['table']): string {
  if (source === null) return 'unknown';
  const listed =
    list && (list.version === 'prices.source' ? `your list of ${list.date}` : `bundled list of ${list.date}`);
  return source === 'override' ? `options${listed ? `, ${listed}` : ''}` : (listed ?? '–');
}

function signed(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  return `${value >= 0 ? '+' : ''}${value.toFixed(1)} %`;
}
