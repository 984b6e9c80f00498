/** Subclasses with their own hooks, and spies. */

import { OpenAI } from 'openai';
import { vi } from 'vitest';
import { ABOUT_ITSELF, type Behaviour, type Stage } from '../support/behaviour.ts';
import { CHAT, chatStream, completion, failure } from '../support/replies.ts';

const replies = [completion()];

export const SUBCLASSES: readonly Behaviour[] = [
  {
    name: 'a subclass with its own prepareOptions and prepareRequest',
    replies,
    run: async ({ classOf, create }) => {
      const seen: unknown[] = [];
      class App extends classOf() {
        protected override async prepareOptions(options: { path: string }): Promise<void> {
          seen.push(['prepareOptions', options.path]);
          await super.prepareOptions(options as never);
        }
        protected override async prepareRequest(
          request: RequestInit,
          context: { url: string; options: never },
        ): Promise<void> {
          seen.push(['prepareRequest', context.url, request.body]);
          (request.headers as Headers).set('x-app', '1');
          await super.prepareRequest(request, context);
        }
      }
      const client = create({}, App);
      const answer = await client.chat.completions.create(CHAT);
      await client.models.list();
      return [answer, seen, client instanceof App];
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'our class based on a class with its own hooks',
    replies,
    run: async ({ classOf, create }) => {
      class Preparing extends OpenAI {
        protected override async prepareOptions(options: { headers?: unknown }): Promise<void> {
          options.headers = { 'x-prepared': 'yes' };
        }
        protected override async prepareRequest(request: RequestInit): Promise<void> {
          (request.headers as Headers).set('x-signed', 'yes');
        }
      }
      const client = create({}, classOf(Preparing));
      return [client instanceof Preparing, await client.chat.completions.create(CHAT), await client.models.list()];
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'a class that signs its requests',
    replies: chatStream(),
    run: async ({ classOf, create, server }) => {
      const signed: unknown[] = [];
      class Signing extends OpenAI {
        protected override async prepareRequest(request: RequestInit): Promise<void> {
          signed.push(request.body);
        }
      }
      await create({}, classOf(Signing)).chat.completions.create({ ...CHAT, stream: true });
      return signed.map((body, index) => body === server.requests[index]?.body);
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'a subclass with other hooks',
    replies: [failure(418), ...replies],
    run: async ({ classOf, create }) => {
      class App extends classOf() {
        protected override defaultQuery(): Record<string, string> {
          return { tenant: 'a' };
        }
        protected override stringifyQuery(query: object): string {
          return new URLSearchParams(query as Record<string, string>).toString();
        }
        protected override makeStatusError(
          ...[status, , message]: [number, object, string | undefined, Headers]
        ): never {
          throw new RangeError(`${status} ${message}`);
        }
      }
      const client = create({}, App);
      const error: unknown = await client.chat.completions.create(CHAT).catch((thrown: unknown) => thrown);
      return [error, await client.chat.completions.create(CHAT)];
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'a subclass that inspects each request',
    replies,
    run: async ({ classOf, create }) => {
      const paths: unknown[] = [];
      class App extends classOf() {
        override request(...[options, retries]: Parameters<Stage['client']['request']>): never {
          paths.push(Promise.resolve(options).then(({ path }) => path));
          return super.request(options, retries) as never;
        }
      }
      const client = create({}, App);
      await client.chat.completions.create(CHAT);
      await client.models.retrieve('a');
      return Promise.all(paths);
    },
  },
  {
    name: 'a spy on buildRequest',
    replies,
    run: async ({ client }) => {
      const spy = vi.spyOn(client, 'buildRequest');
      await client.chat.completions.create(CHAT);
      await client.models.list();
      return spy.mock.calls.map(([{ method, path }, retries]) => [method, path, retries]);
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'a spy on fetch',
    replies,
    run: async ({ client }) => {
      const spy = vi.spyOn(client, 'fetchWithTimeout');
      await client.chat.completions.create(CHAT);
      return spy.mock.calls.map(([url, , timeout]) => [url, timeout]);
    },
    onlyOnOwnConnection: ABOUT_ITSELF,
  },
  {
    name: 'building a request without sending it',
    run: async ({ client }) => {
      const { req, url, timeout } = await client.buildRequest({
        method: 'post',
        path: '/chat/completions',
        body: CHAT,
      });
      const { 'user-agent': _, ...headers } = Object.fromEntries(req.headers);
      return [headers, req.body, url, timeout, client.buildURL('/a', { b: 'c' }, undefined)];
    },
  },
];
