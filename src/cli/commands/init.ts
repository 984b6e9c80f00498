/** `init`: writes a configuration and an example for the project in the current folder. */

import type { Command } from 'commander';
import type { CommandContext } from '../command.ts';
import { DONE } from '../exit-codes.ts';
import { STARTERS } from '../init/starter.ts';
import { writeStarter, type StarterOptions } from '../init/write-starter.ts';

export function describeInit(command: Command): Command {
  return command
    .description('write a commented configuration and an example for the project in this folder')
    .option('-p, --provider <name>', `where the new model runs: ${Object.keys(STARTERS).join(', ')}`, 'openai')
    .option('--module <esm|cjs>', 'the kind of modules (default: by package.json)')
    .option('--typescript', 'write TypeScript (default: if there is a tsconfig.json, or typescript in package.json)')
    .option('--no-typescript', 'write JavaScript')
    .option('-f, --force', 'overwrite the files if they exist')
    .addHelpText('after', '\nExample:\n  $ openai-canary init --provider deepseek');
}

export async function runInit(options: StarterOptions, { terminal }: CommandContext): Promise<number> {
  const { config, example, variables } = await writeStarter(process.cwd(), options);
  terminal.out(`Wrote ${config} and ${example}.\n`);
  const steps = [
    ...variables.filter((name) => !process.env[name]).map((name) => `export ${name}=…`),
    `node ${example}`,
    'npx openai-canary plan --calls-per-second 1',
    'npx openai-canary status --store canary.json',
  ];
  for (const step of steps) terminal.out(`  ${terminal.colours.bold(step)}`);
  return DONE;
}
