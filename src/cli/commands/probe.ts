/** `probe`: checks what an upstream supports. */

import type { Command } from 'commander';
import type { ProbeOptions, ProbeReport } from '../../index.ts';
import { createClient } from '../create-client.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, INTERRUPTED, PROBLEMS_FOUND } from '../exit-codes.ts';
import { loadConfig } from '../load-config.ts';
import type { Colours } from '../terminal.ts';
import { openLiveView } from '../live-view.ts';
import { numberOption, timeOption } from '../read-option.ts';
import { isolatedConfig } from '../simulated-config.ts';

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
    .description('check what an upstream supports: streaming, tools, vision, JSON, embeddings and more')
    .argument('[upstream]', 'the name in the configuration (default: the client itself)')
    .option('--only <checks>', 'run only these checks: chat,streaming,tools')
    .option('-m, --model <name>', 'the model to check')
    .option('--embedding-model <name>', 'the model for embeddings (default: skip embeddings)')
    .option('--context-tokens <number>', "the model's context window: send one prompt that is 20 % longer")
    .option('--timeout <time>', 'the time limit per answer: 10s, 1m')
    .option('--max-usd <number>', 'skip checks that would exceed this total cost')
    .addHelpText('after', '\nExample:\n  $ openai-canary probe deepseek --only chat,streaming,tools --max-usd 0.05');
}

export async function runProbe(
  upstream: string | undefined,
  options: ProbeCommandOptions,
  { terminal, signal }: CommandContext,
): Promise<number> {
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  await using ai = createClient(loaded, isolatedConfig({ ...config, canary: config.canary ?? {} }));
  const name = upstream ?? config.canary?.name ?? 'openai';
  let progress = `probing ${name} …`;
  const view = openLiveView(terminal, { lines: () => [progress], summary: () => progress });
  ai.canary.on('probe', ({ check, status, done, total }) => {
    progress = `${done} of ${total} checks: ${check} ${status}`;
  });
  const report = await ai.canary.probe(name, { ...probeOptions(options), signal }).finally(view.close);
  terminal.out(options.json ? JSON.stringify(report, null, 2) : painted(report.table(), terminal.colours));
  if (signal.aborted) return INTERRUPTED;
  return isHealthy(report) ? DONE : PROBLEMS_FOUND;
}

function probeOptions(options: ProbeCommandOptions): ProbeOptions {
  const { only, model, embeddingModel, contextTokens, timeout, maxUsd } = options;
  return {
    // The client rejects an unknown check and suggests the closest name.
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

/** Colours the results of the checks. */
function painted(text: string, { green, red, yellow, dim }: Colours): string {
  const paint = { pass: green, fail: red, suspect: yellow, unsupported: yellow, skipped: dim } as const;
  return text.replace(
    /^(\w+ +)(pass|fail|suspect|unsupported|skipped)\b/gm,
    (_, name: string, status: keyof typeof paint) => name + paint[status](status),
  );
}

function isHealthy({ checks, findings }: ProbeReport): boolean {
  return findings.length === 0 && checks.every(({ status }) => status !== 'fail');
}
