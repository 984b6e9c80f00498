/** Resolves the `budgets` option. */

import { Calendar } from '../domain/calendar.ts';
import { checkKeys, checkList, checkNumber, checkOneOf, checkText, formatValue } from '../domain/check.ts';
import { hashKey } from '../domain/hash-key.ts';
import type { BudgetOptions } from '../resilience/limits/options.ts';
import type { BudgetPolicy } from './budget.ts';
import { ConfigError } from '../domain/errors.ts';

/** @throws ConfigError */
export function resolveBudgets(
  budgets: readonly BudgetOptions[] | undefined = [],
  names: readonly string[],
): readonly BudgetPolicy[] {
  checkList('canary.budgets', budgets, 'a list of budgets');
  const policies = budgets.map((budget, index) => resolveBudget(`canary.budgets[${index}]`, budget, names));
  for (const [index, { name }] of policies.entries()) {
    if (policies.findIndex((other) => other.name === name) === index) continue;
    throw new ConfigError(
      `canary.budgets[${index}].name`,
      `should be unique among the budgets, got ${formatValue(name)}`,
    );
  }
  return policies;
}

/** @throws ConfigError */
export function resolveCalendar(timeZone: string | undefined): Calendar {
  if (timeZone === undefined) return new Calendar();
  try {
    return new Calendar(checkText('canary.timeZone', timeZone, 'a time zone such as Europe/Berlin'));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      'canary.timeZone',
      `should be a time zone such as Europe/Berlin, got ${formatValue(timeZone)}`,
    );
  }
}

function resolveBudget(path: string, budget: BudgetOptions, names: readonly string[]): BudgetPolicy {
  checkKeys(path, budget, ['name', 'per', 'limitUsd', 'scope', 'onExceeded']);
  const { name, per, limitUsd, scope, onExceeded = 'alert' } = budget;
  const policy = {
    name: checkText(`${path}.name`, name, 'a name'),
    per: checkOneOf(`${path}.per`, per, ['hour', 'day', 'month']),
    limitUsd: checkNumber(`${path}.limitUsd`, limitUsd, { min: 0 }),
    rejects: checkOneOf(`${path}.onExceeded`, onExceeded, ['alert', 'reject']) === 'reject',
  };
  if (limitUsd === 0) throw new ConfigError(`${path}.limitUsd`, 'should be above 0, got 0');
  return { ...policy, ...resolveScope(`${path}.scope`, scope, names) };
}

function resolveScope(
  path: string,
  scope: BudgetOptions['scope'],
  names: readonly string[],
): Pick<BudgetPolicy, 'scope' | 'only'> {
  if (scope === undefined) return { scope: 'all', only: undefined };
  if (typeof scope === 'string') {
    return { scope: checkOneOf(path, scope, ['key', 'upstream']), only: undefined };
  }
  checkKeys(path, scope, ['key', 'upstream']);
  if ('upstream' in scope) {
    if ('key' in scope) throw new ConfigError(path, 'should name either a key or an upstream, not both');
    return { scope: 'upstream', only: checkOneOf(`${path}.upstream`, scope.upstream, names) };
  }
  return { scope: 'key', only: hashKey(checkText(`${path}.key`, scope.key, 'a key')) };
}
