/** `try`: a burst of calls through a configuration, with a live view. */

import type { Command } from 'commander';
import { route, type CanaryClient } from '../../index.ts';
import { startProvider } from '../../testing/index.ts';
import { clientOf } from '../client-of.ts';
import type { CommandContext, CommonOptions } from '../command.ts';
import { DONE, INTERRUPTED, NOT_WELL } from '../exit-codes.ts';
import { usd } from '../format.ts';
import { openLiveView } from '../live-view.ts';
import { loadConfig, type ClientConfig } from '../load-config.ts';
import { aloneConfig, simulatedConfig } from '../simulated-config.ts';
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
    .description(
      'make a burst of calls through a configuration, with a live view; its store and webhook are left alone',
    )
    .option('-n, --calls <number>', 'how many calls', '20')
    .option('--concurrency <number>', 'how many at a time', '4')
    .option('--users <number>', 'how many different users call', '10')
    .option('-m, --model <name>', 'the model that is asked for', 'gpt-4.1-mini')
    .option('-p, --prompt <text>', 'what is asked', 'Say hello in one short sentence.')
    .option('--max-tokens <number>', 'the most output tokens of a call', '32')
    .option('--max-usd <number>', 'stop when so much is spent', '0.10')
    .option('--stream', 'make streaming calls')
    .option('--simulate', 'ask no provider: a simulated one on the loopback interface answers')
    .addHelpText('after', '\nExample:\n  $ openai-canary try --calls 100 --users 50 --simulate');
}

export async function runTry(options: TryOptions, context: CommandContext): Promise<number> {
  const { terminal, signal } = context;
  const loaded = await loadConfig(options.config);
  const config = loaded.options;
  await using provider = options.simulate ? await startProvider({ latencyMs: { median: 120, sigma: 0.5 } }) : undefined;
  await using ai = clientOf(loaded, provider ? sentTo(provider.url, config) : aloneConfig(config));
  const tally = { served: 0, lost: 0, errors: new Map<string, number>() };
  const progress = (): string => {
    const stopping = signal.aborted ? '; stopping, Ctrl-C again ends at once' : '';
    return `${tally.served} served, ${tally.lost} lost, ${usd(ai.canary.costs().total.costUsd)} spent${stopping}`;
  };
  const view = openLiveView(terminal, { lines: () => [...upstreamTable(ai), '', progress()], summary: progress });
  ai.canary.on('fallback', ({ from, to, reason }) => view.say(`${from} → ${to}: ${reason}`));
  ai.canary.on('breaker', ({ upstream, from, to }) => from !== to && view.say(`breaker of ${upstream}: ${to}`));
  await burst(ai, options, context, tally).finally(view.close);
  report(ai, tally, options, context);
  if (signal.aborted) return INTERRUPTED;
  return tally.lost > 0 ? NOT_WELL : DONE;
}

/** All requests of a configuration go to one simulated provider. */
function sentTo(url: string, config: ClientConfig): ClientConfig {
  const send: typeof fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    return fetch(url + pathname.slice(pathname.indexOf('/v1') < 0 ? 0 : pathname.indexOf('/v1') + 3), init);
  };
  return simulatedConfig(config, () => send);
}

interface Tally {
  served: number;
  lost: number;
  /** By what they say. */
  readonly errors: Map<string, number>;
}

async function burst(ai: CanaryClient, options: TryOptions, { signal }: CommandContext, tally: Tally): Promise<void> {
  const calls = numberOption('calls', options.calls, { min: 1, integer: true });
  const maxUsd = numberOption('max-usd', options.maxUsd, { min: 0 });
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < calls && !signal.aborted && ai.canary.costs().total.costUsd <= maxUsd) {
      begun += 1;
      await callOnce(ai, options, begun, tally);
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
  const about = route({ key: `user-${index % users}` });
  try {
    if (options.stream) {
      for await (const chunk of await ai.chat.completions.create({ ...body, stream: true }, about)) void chunk;
    } else {
      await ai.chat.completions.create(body, about);
    }
    tally.served += 1;
  } catch (error) {
    tally.lost += 1;
    const said = error instanceof Error ? error.message : String(error);
    tally.errors.set(said, (tally.errors.get(said) ?? 0) + 1);
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
  for (const [said, count] of errors) terminal.out(terminal.colours.red(`${count} × ${said}`));
}
