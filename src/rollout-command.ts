/** Commands that somebody left for a rollout in the store: another process, the command line. */

import type { Json } from './domain/store.ts';
import type { RolloutController } from './rollout/controller.ts';
import { toCommand } from './rollout/stored-rollout.ts';
import { nameOf } from './warnings.ts';

/** Does what `message` says. One that makes no sense is left undone, which `warn` is told. */
export function obey(controller: RolloutController, message: Json, warn: (about: string) => void): void {
  try {
    const { event, reason } = toCommand(message);
    controller.ask(event, 'user', reason);
  } catch (error) {
    warn(`A command for the rollout to ${controller.policy.to} was left undone: ${nameOf(error)}`);
  }
}
