/** Decides what an upstream is reached by, and with whose credentials. */

import { OpenAI, type ClientOptions } from 'openai';
import { checkApiKey, checkObject } from '../domain/check.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import { providerPreset } from '../providers/presets.ts';
import { ConfigError } from '../domain/errors.ts';
import type { Connection } from './upstream.ts';

/**
 * Credentials alone are another account at the client's own address: such a connection has no `baseURL`.
 *
 * @throws ConfigError
 */
export function resolveConnection(path: string, options: UpstreamOptions): Connection {
  const { client, provider } = options;
  const sdkOptions = sdkOptionsOf(options);
  if (client !== undefined) {
    assertGiven(path, client, sdkOptions);
    return { kind: 'given', client };
  }
  const { apiKey: ownKey, workloadIdentity } = sdkOptions;
  checkBaseURL(`${path}.baseURL`, sdkOptions.baseURL);
  if ([provider, sdkOptions.baseURL, ownKey, workloadIdentity].every((own) => own === undefined)) {
    return { kind: 'client', options: sdkOptions };
  }
  const preset = provider === undefined ? undefined : providerPreset(provider);
  const baseURL = sdkOptions.baseURL ?? preset?.baseURL;
  const addressed = baseURL === undefined ? sdkOptions : { ...sdkOptions, baseURL };
  if (workloadIdentity !== undefined) return { kind: 'own', options: addressed };
  const variable = preset?.apiKeyVariable;
  const apiKey = ownKey ?? environment(variable);
  if (apiKey === undefined) throw missingKey(path, variable);
  checkApiKey(`${path}.apiKey`, apiKey, ownKey === apiKey ? undefined : variable);
  return { kind: 'own', options: { ...addressed, apiKey } };
}

function assertGiven(path: string, client: unknown, sdkOptions: ClientOptions): void {
  checkObject(`${path}.client`, client, SDK_CLIENT);
  if (!(client instanceof OpenAI)) throw new ConfigError(`${path}.client`, `should be ${SDK_CLIENT}, got an object`);
  if ('canary' in client)
    throw new ConfigError(`${path}.client`, 'should be a client that does not route calls itself');
  const [name] = Object.keys(sdkOptions);
  if (name !== undefined)
    throw new ConfigError(`${path}.${name}`, 'should not be set beside client, which has its own');
}

const SDK_CLIENT = 'a client of the openai package';

/** A blank address is not taken for an absent one: the SDK would send the upstream's key to OpenAI. */
function checkBaseURL(path: string, baseURL: unknown): void {
  if (baseURL === undefined) return;
  if (typeof baseURL === 'string' && /^https?:\/\/\S+$/i.test(baseURL) && URL.canParse(baseURL)) return;
  // What stands there instead may be a key.
  throw new ConfigError(path, 'should be an absolute URL, such as https://api.example.com/v1');
}

function missingKey(path: string, variable: string | undefined): ConfigError {
  const orVariable = variable === undefined ? '' : `, or ${variable} set in the environment`;
  return new ConfigError(
    `${path}.apiKey`,
    `should be given${orVariable}: an upstream never uses another's credentials`,
  );
}

/** What is left for the SDK's own constructor; it takes an option that is `undefined` from OpenAI's environment variables. */
function sdkOptionsOf(options: UpstreamOptions): ClientOptions {
  const { provider, model, params, maxOutputTokens, timeout, onAbort, capabilities, price, client, ...sdk } = options;
  void [provider, model, params, maxOutputTokens, timeout, onAbort, capabilities, price, client];
  return Object.fromEntries(Object.entries(sdk).filter(([, value]) => value !== undefined));
}

/** A variable of the environment, trimmed as the SDK does; `undefined` when unset or blank. */
export function environment(name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : process.env[name]?.trim();
  return value === '' ? undefined : value;
}
