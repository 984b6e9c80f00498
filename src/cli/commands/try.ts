/** `try`: makes a burst of calls through a configuration, with a live view. */

import type { Command } from 'commander';
import { route, type CanaryClient } from '../../index.ts';
import { startProvider } from '../../testing/index.ts';
import { createClient } from '../create-client.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, INTERRUPTED, PROBLEMS_FOUND } from '../exit-codes.ts';
import { usd } from '../format.ts';
import { openLiveView } from '../live-view.ts';
import { loadConfig, type ClientConfig } from '../load-config.ts';
import { isolatedConfig, simulatedConfig } from '../simulated-config.ts';
import { upstreamTable } from '../upstream-table.ts';
import { numberOption } from '../read-option.ts';

interface TryOptions extends CommonOptions {
  readonly calls: string;
  readonly concurrency: string;
  readonly users: string;
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: string;
  readonly maxUsd: string;
  readonly stream?: boolean;
  readonly simulate?: boolean;
}

export function describeTry(command: Command): Command {
  return command
    .description('make a burst of calls and show live numbers; the store and the webhook are not used')
    .option('-n, --calls <number>', 'the number of calls', '20')
    .option('--concurrency <number>', 'the number of concurrent calls', '4')
    .option('--users <number>', 'the number of different users', '10')
    .option('-m, --model <name>', 'the model to request', 'gpt-4.1-mini')
    .option('-p, --prompt <text>', 'the prompt', 'Say hello in one short sentence.')
    .option('--max-tokens <number>', 'the maximum output tokens per call', '32')
    .option('--max-usd <number>', 'stop when this much is spent', '0.10')
    .option('--stream', 'use streaming')
    .option('--simulate', 'send the calls to a simulated provider on the loopback interface')
    .addHelpText('after', '\nExample:\n  $ openai-canary try --calls 100 --users 50 --simulate');
}

export async function runTry(options: TryOptions, context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  await using provider = options.simulate ? await startProvider({ latencyMs: { median: 120, sigma: 0.5 } }) : undefined;
  await using ai = createClient(loaded, provider ? redirectedTo(provider.url, config) : isolatedConfig(config));
  const tally = { served: 0, lost: 0, errors: new Map<string, number>() };
  const progress = (): string => {
    const stopping = signal.aborted ? '; stopping (press Ctrl-C again to exit immediately)' : '';
    return `${tally.served} served, ${tally.lost} lost, ${usd(ai.canary.costs().total.costUsd)} spent${stopping}`;
  };
  const view = openLiveView(terminal, { lines: () => [...upstreamTable(ai), '', progress()], summary: progress });
  ai.canary.on('fallback', ({ from, to, reason }) => view.log(`${from} → ${to}: ${reason}`));
  ai.canary.on('breaker', ({ upstream, from, to }) => from !== to && view.log(`breaker of ${upstream}: ${to}`));
  await burst(ai, options, context, tally).finally(view.close);
  report(ai, tally, options, context);
  if (signal.aborted) return INTERRUPTED;
  return tally.lost > 0 ? PROBLEMS_FOUND : DONE;
}

/** Sends all requests of a configuration to one simulated provider. */
function redirectedTo(url: string, config: ClientConfig): ClientConfig {
  const send: typeof fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    return fetch(url + pathname.slice(pathname.indexOf('/v1') < 0 ? 0 : pathname.indexOf('/v1') + 3), init);
  };
  return simulatedConfig(config, () => send);
}

interface Tally {
  served: number;
  lost: number;
  /** The number of errors by message. */
  readonly errors: Map<string, number>;
}

async function burst(ai: CanaryClient, options: TryOptions, { signal }: CommandContext, tally: Tally): Promise<void> {
  const calls = numberOption('calls', options.calls, { min: 1, integer: true });
  const maxUsd = numberOption('max-usd', options.maxUsd, { min: 0 });
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < calls && !signal.aborted && ai.canary.costs().total.costUsd <= maxUsd) {
      started += 1;
      await callOnce(ai, options, started, tally);
    }
  };
  const workers = numberOption('concurrency', options.concurrency, { min: 1, integer: true });
  await Promise.all(Array.from({ length: workers }, worker));
}

async function callOnce(ai: CanaryClient, options: TryOptions, index: number, tally: Tally): Promise<void> {
  const users = numberOption('users', options.users, { min: 1, integer: true });
  const body = {
    model: options.model,
    messages: [{ role: 'user' as const, content: options.prompt }],
    max_tokens: numberOption('max-tokens', options.maxTokens, { min: 1, integer: true }),
  };
  const routing = route({ key: `user-${index % users}` });
  try {
    if (options.stream) {
      for await (const chunk of await ai.chat.completions.create({ ...body, stream: true }, routing)) void chunk;
    } else {
      await ai.chat.completions.create(body, routing);
    }
    tally.served += 1;
  } catch (error) {
    tally.lost += 1;
    const message = error instanceof Error ? error.message : String(error);
    tally.errors.set(message, (tally.errors.get(message) ?? 0) + 1);
  }
}

function report(ai: CanaryClient, tally: Tally, { json }: TryOptions, { terminal }: CommandContext): void {
  const { served, lost, errors } = tally;
  const { total } = ai.canary.costs();
  if (json) {
    const { upstreams } = ai.canary.snapshot();
    return terminal.out(
      JSON.stringify({ served, lost, errors: Object.fromEntries(errors), costs: total, upstreams }, null, 2),
    );
  }
  for (const line of upstreamTable(ai)) terminal.out(line);
  terminal.out('');
  terminal.out(`${served} served, ${lost} lost, ${usd(total.costUsd)} spent, ${usd(total.savingsUsd)} saved`);
  for (const [message, count] of errors) terminal.out(terminal.colours.red(`${count} × ${message}`));
}
