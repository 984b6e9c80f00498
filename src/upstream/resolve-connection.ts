/** Resolves the connection of an upstream, the source of its credentials, and how its request bodies are adapted. */

import { type ClientOptions, OpenAI, OpenAIError } from 'openai';
import { checkApiKey, checkNumber, checkObject, formatValue } from '../domain/check.ts';
import { ConfigError } from '../domain/errors.ts';
import type { BodyRules } from '../providers/create-body-patch.ts';
import { type ProviderName, providerPreset } from '../providers/presets.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import type { Connection } from './upstream.ts';

/**
 * Resolves a connection. An upstream with only credentials is another account at the client's own address: its connection has no
 * `baseURL`.
 *
 * @throws ConfigError
 */
export function resolveConnection(path: string, options: UpstreamOptions): Connection {
  const { client, provider } = options;
  const keys = keysOf(path, options.apiKey);
  const sdkOptions = sdkOptionsOf(options, keys);
  if (client !== undefined) {
    assertGiven(path, client, sdkOptions);
    return { kind: 'given', client };
  }
  const { apiKey: ownKey, workloadIdentity, dataResidency } = sdkOptions;
  checkBaseURL(`${path}.baseURL`, sdkOptions.baseURL);
  const regional = dataResidency ? regionalURL(`${path}.dataResidency`, options) : undefined;
  if ([provider, sdkOptions.baseURL, ownKey, workloadIdentity].every((own) => own === undefined)) {
    return { kind: 'client', options: sdkOptions };
  }
  const preset = provider === undefined ? undefined : providerPreset(provider);
  const baseURL = sdkOptions.baseURL ?? regional ?? preset?.baseURL;
  delete sdkOptions.dataResidency; // `regional` stands for it: the SDK takes one of the two
  const addressed = baseURL === undefined ? sdkOptions : { ...sdkOptions, baseURL };
  if (workloadIdentity !== undefined) return { kind: 'own', options: addressed };
  const variable = preset?.apiKeyVariable;
  const apiKey = ownKey ?? environment(variable);
  if (apiKey === undefined) throw missingKey(path, variable);
  checkApiKey(`${path}.apiKey`, apiKey, ownKey === apiKey ? undefined : variable);
  return { kind: 'own', options: { ...addressed, apiKey }, ...(keys && keys.length > 1 && { keys }) };
}

/**
 * The address of OpenAI's API for a region. The installed SDK knows the regions; releases before 7.0 know none and would send the calls to the
 * global address.
 *
 * @throws ConfigError
 */
function regionalURL(path: string, { dataResidency, provider, baseURL }: UpstreamOptions): string {
  if (provider !== undefined && provider !== 'openai')
    throw new ConfigError(path, `should not be set for provider '${provider}': it is an option of OpenAI's own API`);
  if (baseURL !== undefined) throw new ConfigError(path, 'should not be set together with baseURL');
  const region = String(dataResidency);
  const url = sdkAddressOf(path, region);
  const host = region === 'global' ? 'api.openai.com' : `${region}.api.openai.com`;
  if (URL.parse(url)?.hostname === host) return url;
  throw new ConfigError(path, 'is not known to the installed version of openai: update it, or set baseURL');
}

function sdkAddressOf(path: string, dataResidency: string): string {
  try {
    const options: object = { apiKey: 'none', dataResidency };
    return new OpenAI(options).baseURL;
  } catch (error) {
    if (!(error instanceof OpenAIError)) throw error;
    throw new ConfigError(path, `is refused by the SDK: ${error.message}`);
  }
}

/** @throws ConfigError */
function keysOf(path: string, apiKey: UpstreamOptions['apiKey']): readonly string[] | undefined {
  if (!isList(apiKey)) return undefined;
  if (apiKey.length === 0) throw new ConfigError(`${path}.apiKey`, 'should have at least one key');
  for (const [index, key] of apiKey.entries()) {
    if (typeof key !== 'string') throw new ConfigError(`${path}.apiKey[${index}]`, 'should be a string');
    checkApiKey(`${path}.apiKey[${index}]`, key);
  }
  if (new Set(apiKey).size < apiKey.length)
    throw new ConfigError(`${path}.apiKey`, 'should not have the same key twice');
  return [...apiKey];
}

function isList(apiKey: UpstreamOptions['apiKey']): apiKey is readonly string[] {
  return Array.isArray(apiKey);
}

function assertGiven(path: string, client: unknown, sdkOptions: ClientOptions): void {
  checkObject(`${path}.client`, client, SDK_CLIENT);
  if (!(client instanceof OpenAI)) throw new ConfigError(`${path}.client`, `should be ${SDK_CLIENT}, got an object`);
  if ('canary' in client)
    throw new ConfigError(`${path}.client`, 'should be a client that does not route calls itself');
  const [name] = Object.keys(sdkOptions);
  if (name !== undefined)
    throw new ConfigError(`${path}.${name}`, 'should not be set together with client, which has its own');
}

const SDK_CLIENT = 'a client of the openai package';

/** Rejects a blank URL instead of ignoring it: the SDK would send the upstream's key to OpenAI. */
function checkBaseURL(path: string, baseURL: unknown): void {
  if (baseURL === undefined) return;
  if (typeof baseURL === 'string' && /^https?:\/\/\S+$/i.test(baseURL) && URL.canParse(baseURL)) return;
  // The message leaves the value out: it may be a key.
  throw new ConfigError(path, 'should be an absolute URL, such as https://api.example.com/v1');
}

export function missingKey(path: string, variable: string | undefined): ConfigError {
  const orVariable = variable === undefined ? '' : `, or ${variable} set in the environment`;
  return new ConfigError(
    `${path}.apiKey`,
    `should be set${orVariable}: an upstream never uses the credentials of another`,
  );
}

/** The options for the SDK's own constructor. It would read an option that is `undefined` from OpenAI's environment variables. */
function sdkOptionsOf(options: UpstreamOptions, keys: readonly string[] | undefined): ClientOptions {
  const {
    provider,
    model,
    params,
    maxOutputTokens,
    timeout,
    targetLatency,
    onAbort,
    capabilities,
    price,
    client,
    ...own
  } = options;
  void [provider, model, params, maxOutputTokens, timeout, targetLatency, onAbort, capabilities, price, client];
  const sdk = { ...own, apiKey: keys ? keys[0] : own.apiKey };
  return Object.fromEntries(Object.entries(sdk).filter(([, value]) => value !== undefined));
}

/** An environment variable, trimmed as in the SDK; `undefined` when unset or blank. */
export function environment(name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : process.env[name]?.trim();
  return value === '' ? undefined : value;
}

/** The option or environment variable that the credentials of the upstream at `path` come from. */
export function upstreamKeySource(
  path: string,
  { kind }: Connection,
  own: Pick<UpstreamOptions, 'apiKey' | 'workloadIdentity'> & { readonly provider?: ProviderName | undefined },
  clientSource: string,
): string {
  if (kind === 'client') return clientSource;
  if (kind === 'given') return `${path}.client`;
  if (own.workloadIdentity !== undefined) return `${path}.workloadIdentity`;
  const variable = own.provider === undefined ? undefined : providerPreset(own.provider).apiKeyVariable;
  return own.apiKey === undefined && variable !== undefined ? variable : `${path}.apiKey`;
}

/**
 * Checks the options that adapt request bodies.
 *
 * @throws ConfigError
 */
export function resolveBodyRules(
  path: string,
  { model, params, maxOutputTokens }: UpstreamOptions,
): Pick<BodyRules, 'model' | 'params' | 'maxOutputTokens'> {
  checkModel(`${path}.model`, model);
  checkParams(`${path}.params`, params);
  if (maxOutputTokens !== undefined) {
    checkNumber(`${path}.maxOutputTokens`, maxOutputTokens, { min: 1, integer: true });
  }
  return { model, params, maxOutputTokens };
}

function checkModel(path: string, model: unknown): void {
  if (model === undefined || isModel(model)) return;
  if (typeof model !== 'object' || model === null || Array.isArray(model)) {
    throw new ConfigError(path, `should be a model or a record of models, got ${formatValue(model)}`);
  }
  for (const [from, to] of Object.entries(model)) {
    if (!isModel(to)) throw new ConfigError(`${path}.${from}`, `should be a model, got ${formatValue(to)}`);
  }
}

function isModel(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Params must be JSON. They cannot set `stream`: the caller expects the form of answer that it requested. */
function checkParams(path: string, params: UpstreamOptions['params']): void {
  if (params === undefined) return;
  checkObject(path, params, 'an object of body fields');
  if (Object.hasOwn(params, 'stream')) throw new ConfigError(`${path}.stream`, 'should not be set: the caller chooses');
  for (const [field, value] of Object.entries(params)) {
    if (value === undefined || isJson(value)) continue;
    throw new ConfigError(`${path}.${field}`, `should be a JSON value, got ${formatValue(value)}`);
  }
}

function isJson(value: unknown): boolean {
  try {
    return JSON.stringify(value) !== undefined;
  } catch {
    // A cycle, a bigint, or a `toJSON` that throws.
    return false;
  }
}
