/** The members of the class and of the client. */

import type { Behaviour } from '../support/behaviour.ts';

export const STATICS: readonly Behaviour[] = [
  {
    name: 'static members',
    run: ({ classOf }) => {
      const Class = classOf() as unknown as Record<string, unknown>;
      const names = [
        'OpenAI',
        'DEFAULT_TIMEOUT',
        'OpenAIError',
        'APIError',
        'APIConnectionError',
        'APIConnectionTimeoutError',
        'APIUserAbortError',
        'NotFoundError',
        'ConflictError',
        'RateLimitError',
        'BadRequestError',
        'AuthenticationError',
        'InternalServerError',
        'PermissionDeniedError',
        'UnprocessableEntityError',
        'toFile',
        'Chat',
        'Responses',
      ];
      return names.map((name) => [name, Class[name] === undefined ? undefined : [Class[name]]]);
    },
  },
  {
    name: 'resources',
    run: ({ client }) => {
      const members = Object.entries(client).filter(([name]) => name !== 'canary');
      return members.map(([name, value]: [string, unknown]) => [
        name,
        typeof value,
        (value as object | null)?.constructor,
      ]);
    },
  },
  {
    name: 'the client of a resource is the client itself',
    run: ({ client }) =>
      [client.chat, client.responses, client.files].map(
        (resource) => (resource as unknown as { _client: unknown })._client === client,
      ),
  },
];
