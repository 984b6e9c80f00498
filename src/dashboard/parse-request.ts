/** Reads what the page sends. Whatever else a body holds is refused by name. */

import { type AttributeValue, type RolloutCommand, type RolloutPhase, type RolloutVerb } from '../index.ts';
import { checkKeys, checkNumber, checkObject, checkOneOf, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { PageChange, PageQuestion } from './page-state.ts';

const VERBS = ['promote', 'pause', 'resume', 'rollback', 'retry', 'undo', 'setWeight'] as const satisfies RolloutVerb[];
const PHASES = ['progressing', 'paused', 'promoted', 'rolledBack'] as const satisfies RolloutPhase[];

/** @throws ConfigError */
export function parseChange(body: unknown): PageChange {
  const { upstream, command, seen } = fields('change', body, ['upstream', 'command', 'seen']);
  const { phase, step, run } = fields('change.seen', seen, ['phase', 'step', 'run']);
  return {
    upstream: shortText('change.upstream', upstream),
    command: parseCommand(command),
    seen: {
      phase: checkOneOf('change.seen.phase', phase, PHASES),
      step: checkNumber('change.seen.step', step, { min: 0, integer: true }),
      run: checkNumber('change.seen.run', run, { min: 0, integer: true }),
    },
  };
}

function parseCommand(given: unknown): RolloutCommand {
  const path = 'change.command';
  const { verb, full, reason, to, weight } = fields(path, given, ['verb', 'full', 'reason', 'to', 'weight']);
  const name = checkOneOf(`${path}.verb`, verb, VERBS);
  switch (name) {
    case 'promote':
      return { verb: name, full: full === true };
    case 'pause':
      return { verb: name, ...reasonOf(reason) };
    case 'rollback':
      return { verb: name, ...reasonOf(reason), ...(to !== undefined && { to: checkNumber('to', to, SHARE) }) };
    case 'setWeight':
      return { verb: name, weight: checkNumber('weight', weight, SHARE) };
    case 'resume':
    case 'retry':
    case 'undo':
      return { verb: name };
    default:
      return name satisfies never;
  }
}

const SHARE = { min: 0, max: 1 };

function reasonOf(reason: unknown): { readonly reason?: string } {
  if (reason === undefined || reason === '') return {};
  return { reason: shortText('change.command.reason', reason) };
}

/** @throws ConfigError */
export function parseQuestion(body: unknown): PageQuestion {
  const { key, model, task, attributes } = fields('explain', body, ['key', 'model', 'task', 'attributes']);
  return {
    ...(key !== undefined && { key: shortText('explain.key', key) }),
    ...(model !== undefined && { model: shortText('explain.model', model) }),
    ...(task !== undefined && { task: shortText('explain.task', task) }),
    ...(attributes !== undefined && { attributes: parseAttributes(attributes) }),
  };
}

function parseAttributes(given: unknown): Readonly<Record<string, AttributeValue>> {
  checkObject('explain.attributes', given);
  const entries = Object.entries(given as object);
  if (entries.length > 20) throw new ConfigError('explain.attributes', 'should be at most 20');
  for (const [name, value] of entries) {
    if (typeof value !== 'number' && typeof value !== 'boolean') shortText(`explain.attributes.${name}`, value);
  }
  // An own property even if its name is that of the prototype.
  return Object.fromEntries(entries);
}

function fields(path: string, value: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  checkObject(path, value);
  checkKeys(path, value as object, names);
  return value as Readonly<Record<string, unknown>>;
}

const MAX_TEXT = 500;

/** Text without control characters, which a terminal or a log might obey. */
function shortText(path: string, value: unknown): string {
  // oxlint-disable-next-line no-control-regex
  if (typeof value === 'string' && value !== '' && value.length <= MAX_TEXT && !/[\0-\x1f\x7f]/.test(value))
    return value;
  const got = typeof value === 'string' ? `${value.length} characters` : formatValue(value);
  throw new ConfigError(path, `should be a line of 1 to ${MAX_TEXT} characters, got ${got}`);
}
