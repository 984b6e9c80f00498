/** The commands and their options. */

import { Command, CommanderError } from 'commander';
import { ConfigError, RolloutError } from '../index.ts';
import type { CommandContext } from './command.ts';
import { describeDashboard, runDashboard } from './commands/dashboard.ts';
import { describeDemo, runDemo } from './commands/demo.ts';
import { describeInit, runInit } from './commands/init.ts';
import { describePlan, runPlan } from './commands/plan.ts';
import { describePrices, runPrices } from './commands/prices.ts';
import { describeProbe, runProbe } from './commands/probe.ts';
import { describeServe, runServe } from './commands/serve.ts';
import { describeSimulate, runSimulate } from './commands/simulate.ts';
import { describeGet, describeHistory, describeStatus, runGet, runHistory, runStatus } from './commands/status.ts';
import { describeTry, runTry } from './commands/try.ts';
import { VERBS, describeVerb, runVerb } from './commands/verbs.ts';
import { DONE, EXIT_CODES_HELP, FAILED, REFUSED, USAGE } from './exit-codes.ts';
import { UsageError } from './usage-error.ts';
import packageJson from '../../package.json' with { type: 'json' };

/** Runs the command in `args` and returns its exit code. Never throws. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<number> {
  const problem = nodeProblem(process.versions.node);
  if (problem !== undefined) {
    context.terminal.err(context.terminal.colours.red(problem));
    return USAGE;
  }
  let exitCode = DONE;
  const program = buildProgram(context, (code) => (exitCode = code));
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return exitCodeOf(error, context);
  }
}

/** Why a version of Node is too old; `undefined` if it is not. Otherwise the first missing function would end the program without a reason. */
export function nodeProblem(version: string): string | undefined {
  const needed = packageJson.engines.node.replace('>=', '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return undefined;
  return `openai-canary needs Node ${needed} or newer, this is Node ${version}: https://nodejs.org/en/download`;
}

function buildProgram(context: CommandContext, ended: (exitCode: number) => void): Command {
  const { terminal } = context;
  const program = new Command('openai-canary')
    .description('Move LLM traffic to another model or provider step by step, and roll back if it gets worse.')
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .version(packageJson.version, '-V, --version', 'print the version')
    .exitOverride()
    .addHelpText('after', EXIT_CODES_HELP);
  const add = (name: string, parent = program): Command =>
    parent
      .command(name)
      .option(
        '-c, --config <file>',
        'a TypeScript, JavaScript, JSON or YAML file with the options of new CanaryClient()',
      )
      .option('--json', 'print JSON');
  describeDemo(program.command('demo')).action(async (options) => ended(await runDemo(options, context)));
  describeDashboard(program.command('dashboard')).action(async (options) =>
    ended(await runDashboard(options, context)),
  );
  describeInit(program.command('init')).action(async (options) => ended(await runInit(options, context)));
  describeProbe(add('probe')).action(async (upstream, options) => ended(await runProbe(upstream, options, context)));
  describeTry(add('try')).action(async (options) => ended(await runTry(options, context)));
  describeServe(add('serve')).action(async (options) => ended(await runServe(options, context)));
  describeSimulate(add('simulate')).action(async (file, options) => ended(await runSimulate(file, options, context)));
  describePlan(add('plan')).action(async (options) => ended(await runPlan(options, context)));
  const prices = program.command('prices').description('look at prices');
  describePrices(add('check', prices)).action(async (options) => ended(await runPrices(options, context)));
  describeStatus(add('status')).action(async (options) => ended(await runStatus(options, context)));
  describeGet(add('get')).action(async (options) => ended(await runGet(options, context)));
  describeHistory(add('history')).action(async (options) => ended(await runHistory(options, context)));
  for (const verb of VERBS) addVerb(add(verb.name), verb, context, ended);
  return program;
}

/** Commander passes an argument only if the verb declares one. */
function addVerb(
  command: Command,
  verb: (typeof VERBS)[number],
  context: CommandContext,
  ended: (code: number) => void,
) {
  const { argument } = verb;
  describeVerb(command, verb).action(async (first, second) => {
    const [value, options] = argument ? [first, second] : [undefined, first];
    ended(await runVerb(verb, value, options, context));
  });
}

function exitCodeOf(error: unknown, { terminal }: CommandContext): number {
  // Commander has printed the error. It also throws after printing help or the version, with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
  if (error instanceof RolloutError) {
    terminal.err(terminal.colours.yellow(error.message));
    return REFUSED;
  }
  const { red, dim } = terminal.colours;
  if (error instanceof UsageError || error instanceof ConfigError) {
    terminal.err(red(error.message));
    return USAGE;
  }
  terminal.err(red(String(error)));
  if (error instanceof Error && error.stack) terminal.err(dim(error.stack.replace(/^[^\n]*\n/, '')));
  return FAILED;
}
