/** Plays a behaviour on a bare client and on ours, and compares everything visible from outside. */

import { OpenAI, type ClientOptions } from 'openai';
import { describe, expect, test, vi } from 'vitest';
import { CanaryClient, withCanary, type OpenAIClass } from '../../../src/index.ts';
import type { Behaviour, Observation, Stage } from './behaviour.ts';
import { portray } from './portray.ts';
import { createServer } from './server.ts';
import { CLIENT_KEY, CLIENT_URL, SETTINGS, type Setting } from './settings.ts';

/** Defines one test per behaviour and setting. */
export function contract(subject: string, behaviours: readonly Behaviour[]): void {
  const cases = SETTINGS.flatMap((setting) =>
    behaviours
      .filter(({ onlyOnOwnConnection }) => setting.name !== 'elsewhere' || onlyOnOwnConnection === undefined)
      .map((behaviour) => ({ title: setting.title, name: behaviour.name, setting, behaviour })),
  );
  describe.each([subject])('%s', () => {
    test.each(cases)('$title: $name', async ({ setting, behaviour }) => {
      const differences = [...setting.differs, ...(behaviour.differs?.[setting.name] ?? [])];
      const options = Object.assign({}, behaviour.options, ...differences.map((one) => one.options)) as ClientOptions;
      const bare = await observe({ ...behaviour, options: { ...options } }, undefined);
      const expected = differences.reduce((seen, { change }) => change?.(seen) ?? seen, bare);
      expect(await observe(behaviour, setting)).toStrictEqual(expected);
    });
  });
}

/** Observes a behaviour in a setting; `undefined` is the SDK alone. */
async function observe(behaviour: Behaviour, setting: Setting | undefined): Promise<Observation> {
  const server = createServer(behaviour.replies);
  const stage = new Scene(behaviour.options, setting, server);
  setEnvironment(behaviour.env ?? {});
  if (behaviour.skipsTime) {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    vi.setTimerTickMode('nextTimerAsync');
  }
  try {
    // A client that cannot be created or cannot send fails again in the observation itself.
    if (setting?.isUsed) await stage.use().catch(() => undefined);
    const outcome = await outcomeOf(behaviour, stage);
    const { requests, streamEnds } = server;
    return { ...outcome, requests, streamEnds };
  } finally {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  }
}

async function outcomeOf(behaviour: Behaviour, stage: Stage): Promise<Pick<Observation, 'returned' | 'threw'>> {
  try {
    return { returned: await portray(await behaviour.run(stage)) };
  } catch (error) {
    return { threw: await portray(error) };
  }
}

function setEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (/^(OPENAI|AZURE_OPENAI)_/.test(name)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

class Scene implements Stage {
  readonly server: Stage['server'];
  readonly #options: ClientOptions;
  readonly #setting: Setting | undefined;
  #client: OpenAI | undefined;

  constructor(options: Behaviour['options'], setting: Setting | undefined, server: Stage['server']) {
    const usual = {
      apiKey: CLIENT_KEY,
      baseURL: CLIENT_URL,
      fetch: server.fetch,
      maxRetries: 0,
      logLevel: 'off' as const,
    };
    this.#options = { ...usual, ...options };
    this.#setting = setting;
    this.server = server;
  }

  get client(): OpenAI {
    return (this.#client ??= this.create());
  }

  /** Makes the client send a few requests that are not compared. */
  async use(): Promise<void> {
    const { client } = this;
    // private in the types of the SDK
    const { fetch, logLevel } = client as unknown as { readonly fetch: unknown; readonly logLevel: unknown };
    Object.assign(client, { fetch: async () => Response.json({}), logLevel: 'off' });
    try {
      for (let sent = 0; sent < 3; sent += 1) await client.models.retrieve('any');
    } finally {
      Object.assign(client, { fetch, logLevel });
    }
  }

  readonly classOf = (Base: OpenAIClass = OpenAI): OpenAIClass => {
    if (!this.#setting) return Base;
    return Base === OpenAI ? CanaryClient : withCanary(Base);
  };

  readonly create: Stage['create'] = (options = {}, Class = this.classOf()) => {
    const canary = this.#setting?.canary && { canary: this.#setting.canary };
    return new Class({ ...this.#options, ...options, ...canary });
  };
}
