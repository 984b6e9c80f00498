/** The messages of rejected options. */

import { CanaryClient, ConfigError, type CanaryOptions } from '../../src/index.ts';

/**
 * The message of the `ConfigError` that `act` throws, which begins with the path of the option. Rethrows other
 * errors.
 */
export function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (!error.message.startsWith(`${error.path} `)) throw new Error(`No path: ${error.message}`, { cause: error });
    return error.message;
  }
  throw new Error('Expected a ConfigError, got none');
}

/** Matches exactly this text. */
export function exactly(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}

/** The error message for the untyped option `canary` of a client with two more upstreams, `deepseek` and `gemini`. */
export function refusalOf(canary: object): string {
  return messageOf(() => clientWith(canary));
}

/** A client with two more upstreams, `deepseek` and `gemini`, and `canary`. */
export function clientWith(canary: CanaryOptions): CanaryClient {
  return new CanaryClient<string, string>({ apiKey: 'key-of-openai', canary: { upstreams: TWO_UPSTREAMS, ...canary } });
}

const TWO_UPSTREAMS = {
  deepseek: { provider: 'deepseek', apiKey: 'key-of-deepseek' },
  gemini: { provider: 'gemini', apiKey: 'key-of-gemini' },
} as const;
