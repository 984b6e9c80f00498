/** `dashboard`: serves the live page of the rollouts in a store, on this machine. */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Command } from 'commander';
import { createStoreDashboard, type Dashboard, type DashboardOptions } from '../../dashboard/index.ts';
import type { CommandContext } from '../command.ts';
import { DONE } from '../exit-codes.ts';
import { type FollowOptions, openStore } from '../follow-rollout.ts';
import { isOwnPage, servePage } from '../serve-page.ts';
import { numberOption } from '../read-option.ts';

interface PageOptions extends Pick<FollowOptions, 'store' | 'config'> {
  readonly port: string;
  readonly allowChanges?: boolean;
}

export function describeDashboard(command: Command): Command {
  return command
    .description('serve the live page of the rollouts in a store, on this machine only, until Ctrl-C')
    .option('-c, --config <file>', 'a configuration with canary.store')
    .option('-s, --store <file>', 'the file of fileStore(file), or redis://host:6379?prefix=canary')
    .option('-p, --port <number>', 'the port on 127.0.0.1; 0 takes a free one', '4141')
    .option('--allow-changes', 'show the buttons that move the rollout to everyone who has the printed address')
    .addHelpText('after', '\nExample:\n  $ openai-canary dashboard --store state.json');
}

export async function runDashboard(options: PageOptions, { terminal, signal }: CommandContext): Promise<number> {
  const port = numberOption('port', options.port, { min: 0, max: 65_535, integer: true });
  const token = options.allowChanges ? randomBytes(24).toString('base64url') : undefined;
  const dashboard: Dashboard = createStoreDashboard(await openStore(options), optionsWith(token));
  await using page = await servePage(dashboard, port);
  terminal.out(`The live page: ${page.url}${token === undefined ? '' : `#token=${token}`}`);
  terminal.err(
    token === undefined ? 'Read-only. Ctrl-C ends it.' : 'The address allows changes: keep it. Ctrl-C ends it.',
  );
  if (!signal.aborted) await once(signal, 'abort');
  return DONE;
}

/** Everyone on this machine may read; changes need the token. */
function optionsWith(token: string | undefined): DashboardOptions {
  if (token === undefined) return {};
  const isAllowed = isOwnPage(token);
  return { authorize: (request, wish, peer) => isAllowed(request, wish, peer) };
}
