/** `probe`: what an upstream of a configuration can do, tried out on it. */

import type { Command } from 'commander';
import type { ProbeOptions, ProbeReport } from '../../index.ts';
import { clientOf } from '../client-of.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, INTERRUPTED, NOT_WELL } from '../exit-codes.ts';
import { loadConfig } from '../load-config.ts';
import type { Colours } from '../terminal.ts';
import { openLiveView } from '../live-view.ts';
import { numberOption, timeOption } from '../read-option.ts';
import { aloneConfig } from '../simulated-config.ts';

interface ProbeCommandOptions extends CommonOptions {
  readonly only?: string;
  readonly model?: string;
  readonly embeddingModel?: string;
  readonly contextTokens?: string;
  readonly timeout?: string;
  readonly maxUsd?: string;
}

export function describeProbe(command: Command): Command {
  return command
    .description('try out what an upstream can do: streaming, tools, vision, JSON, embeddings and more')
    .argument('[upstream]', 'its name in the configuration; the client itself without one')
    .option('--only <checks>', 'these checks alone, separated by commas: chat,streaming,tools')
    .option('-m, --model <name>', 'the model that is asked for')
    .option('--embedding-model <name>', 'the model of embeddings; they are skipped without one')
    .option('--context-tokens <number>', "the model's window: a prompt a fifth longer is tried, once")
    .option('--timeout <time>', 'the longest that one answer may take: 10s, 1m')
    .option('--max-usd <number>', 'skip what would cost more in all')
    .addHelpText('after', '\nExample:\n  $ openai-canary probe deepseek --only chat,streaming,tools --max-usd 0.05');
}

export async function runProbe(
  upstream: string | undefined,
  options: ProbeCommandOptions,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  await using ai = clientOf(loaded, aloneConfig({ ...config, canary: config.canary ?? {} }));
  const name = upstream ?? config.canary?.name ?? 'openai';
  let progress = `probing ${name} …`;
  const view = openLiveView(terminal, { lines: () => [progress], summary: () => progress });
  ai.canary.on('probe', ({ check, status, done, total }) => {
    progress = `${done} of ${total} checks: ${check} ${status}`;
  });
  const report = await ai.canary.probe(name, { ...probeOptions(options), signal }).finally(view.close);
  terminal.out(options.json ? JSON.stringify(report, null, 2) : painted(report.table(), terminal.colours));
  if (signal.aborted) return INTERRUPTED;
  return isWell(report) ? DONE : NOT_WELL;
}

function probeOptions(options: ProbeCommandOptions): ProbeOptions {
  const { only, model, embeddingModel, contextTokens, timeout, maxUsd } = options;
  return {
    // The client names a check that does not exist, and the near ones.
    ...(only !== undefined && { only: only.split(',').map((check) => check.trim()) as ProbeOptions['only'] }),
    ...(model !== undefined && { model }),
    ...(embeddingModel !== undefined && { embeddingModel }),
    ...(contextTokens !== undefined && {
      contextTokens: numberOption('context-tokens', contextTokens, { min: 1, integer: true }),
    }),
    ...(timeout !== undefined && { timeout: timeOption('timeout', timeout) }),
    ...(maxUsd !== undefined && { budgetUsd: numberOption('max-usd', maxUsd, { min: 0 }) }),
  };
}

/** The results of the checks in colours. */
function painted(text: string, { green, red, yellow, dim }: Colours): string {
  const paint = { pass: green, fail: red, suspect: yellow, unsupported: yellow, skipped: dim } as const;
  return text.replace(
    /^(\w+ +)(pass|fail|suspect|unsupported|skipped)\b/gm,
    (_, name: string, status: keyof typeof paint) => name + paint[status](status),
  );
}

function isWell({ checks, findings }: ProbeReport): boolean {
  return findings.length === 0 && checks.every(({ status }) => status !== 'fail');
}
