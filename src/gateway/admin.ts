/** The routes below `/admin`: weights, segments, tasks and rollouts. */

import { type CanaryClient, ConfigError, RolloutError, type RolloutControl } from '../index.ts';
import { errorResponse } from './error-response.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * @param action of the endpoint
 * @param body the body of a `PUT` or a `POST`; `undefined` for a `GET`
 * @param by the name of the token, for the history of a rollout
 */
export function administer(client: CanaryClient, action: string, body: unknown, by: string): Response {
  try {
    return Response.json(act(client, action, body, by));
  } catch (error) {
    if (error instanceof RolloutError)
      return errorResponse({ status: 409, message: error.message, code: 'not_possible' });
    if (error instanceof ConfigError)
      return errorResponse({ status: 400, message: error.message, code: 'invalid_value' });
    throw error;
  }
}

function act({ canary }: CanaryClient, action: string, body: unknown, by: string): unknown {
  switch (action) {
    case 'state':
      return { stable: canary.stable, weights: canary.weights, rollouts: reportsOf(canary), history: canary.history };
    case 'weights':
      // The client checks the values.
      if (body !== undefined) canary.setWeights(body as Record<string, number>);
      return { weights: canary.weights };
    case 'segments':
      canary.setSegments(body as Parameters<typeof canary.setSegments>[0]);
      return { segments: body };
    case 'tasks':
      canary.setTasks(body as Parameters<typeof canary.setTasks>[0]);
      return body;
    case 'rollout':
      return { rollouts: reportsOf(canary) };
    default: {
      const { upstream, ...given } = fieldsOf(body);
      const name = (upstream as string | undefined) ?? Object.keys(canary.rollouts)[0];
      const rollout = Object.hasOwn(canary.rollouts, name ?? '') ? canary.rollouts[name!] : undefined;
      // Says which rollouts there are.
      if (!rollout) return canary.explainRollout(name);
      move(rollout, action, given, by);
      return { rollouts: reportsOf(canary) };
    }
  }
}

function move(rollout: RolloutControl, verb: string, given: Fields, by: string): void {
  const { reason = `${verb} by ${by}` } = given;
  switch (verb) {
    case 'promote':
      return rollout.promote(given);
    case 'pause':
      return rollout.pause(reason as string);
    case 'rollback':
      return rollout.rollback({ ...given, reason: reason as string });
    case 'resume':
      return rollout.resume();
    case 'retry':
      return rollout.retry();
    case 'undo':
      return rollout.undo();
    case 'set-weight':
      return rollout.setWeight(given['weight'] as number);
    default:
      throw new ConfigError('verb', `is not known: ${verb}`);
  }
}

function reportsOf({ rollouts }: CanaryClient['canary']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rollouts).map(([name, { state }]) => [name, state]));
}

function fieldsOf(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  throw new ConfigError('body', 'should be an object');
}
