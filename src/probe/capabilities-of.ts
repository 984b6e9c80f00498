/** What follows from checks for the calls that an upstream may be asked to serve. */

import type { CheckName, CheckResult, ProbedCapabilities } from '../domain/probe.ts';
import type { Requirement } from '../domain/requirement.ts';

/** Only what was found out: what was skipped, or went wrong for another reason, says nothing. */
export function capabilitiesOf(
  concluded: readonly { readonly result: CheckResult; readonly tells: boolean }[],
): ProbedCapabilities {
  const found: Partial<Record<Requirement, boolean>> = {};
  for (const { result, tells } of concluded) {
    const { name, status } = result;
    const requirement = REQUIREMENT_OF[name];
    if (requirement && tells && status !== 'skipped') found[requirement] = status === 'pass';
  }
  return found;
}

const REQUIREMENT_OF: Readonly<Partial<Record<CheckName, Requirement>>> = {
  tools: 'tools',
  vision: 'vision',
  jsonSchema: 'jsonSchema',
  logprobs: 'logprobs',
  choices: 'multipleChoices',
};
