/** The error of a verb that comes at the wrong time. */

import { OpenAIError } from 'openai';
import type { RolloutPhase } from './rollout.ts';
import type { RolloutVerb } from './rollout-numbers.ts';

/** A verb that makes no sense while its rollout stands where it does. Nothing was changed. */
export class RolloutError extends OpenAIError {
  readonly code = 'ROLLOUT';
  /** The canary of the rollout. */
  readonly upstream: string;
  readonly verb: RolloutVerb;
  readonly phase: RolloutPhase;

  constructor(upstream: string, verb: RolloutVerb, phase: RolloutPhase) {
    super(`${verb}() makes no sense while the rollout to ${upstream} is ${PHASE_TEXTS[phase]}.`);
    this.name = 'RolloutError';
    this.upstream = upstream;
    this.verb = verb;
    this.phase = phase;
  }
}

const PHASE_TEXTS: Readonly<Record<RolloutPhase, string>> = {
  progressing: 'progressing',
  paused: 'paused',
  promoted: 'promoted',
  rolledBack: 'rolled back',
};
