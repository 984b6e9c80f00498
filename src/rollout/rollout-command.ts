/** Commands that somebody left for a rollout in the store: another process, the command line. */

import type { Clock } from '../time/clock.ts';
import type { Json } from '../domain/store.ts';
import type { RolloutController } from './controller.ts';
import { toCommand } from './stored-rollout.ts';
import { nameOf, type Warnings } from '../events/warnings.ts';

/** Does what `message` says. One that makes no sense is left undone, with a warning. */
export function obey(
  controller: RolloutController,
  command: Json,
  { clock, warnings }: { readonly clock: Clock; readonly warnings: Warnings },
): void {
  try {
    const { event, reason } = toCommand(command, controller.policy.reserve);
    controller.ask(event, 'user', reason);
  } catch (error) {
    const message = `A command for the rollout to ${controller.policy.to} was left undone: ${nameOf(error)}`;
    warnings.once(message, { code: 'rollout', message, atMs: clock.now() });
  }
}
