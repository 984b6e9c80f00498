/** Checks how an upstream wants its bodies. */

import { checkNumber, checkObject, show } from '../domain/check.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import type { BodyRules } from '../providers/create-body-patch.ts';
import { ConfigError } from '../domain/errors.ts';

/** @throws ConfigError */
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
    throw new ConfigError(path, `should be a model, or a record of models, got ${show(model)}`);
  }
  for (const [from, to] of Object.entries(model)) {
    if (!isModel(to)) throw new ConfigError(`${path}.${from}`, `should be a model, got ${show(to)}`);
  }
}

function isModel(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Params must be JSON, and cannot turn an answer into a stream or back: the caller waits for the one it asked for. */
function checkParams(path: string, params: UpstreamOptions['params']): void {
  if (params === undefined) return;
  checkObject(path, params, 'an object of body fields');
  if (Object.hasOwn(params, 'stream')) throw new ConfigError(`${path}.stream`, 'should not be set: the caller chooses');
  for (const [field, value] of Object.entries(params)) {
    if (value === undefined || isJson(value)) continue;
    throw new ConfigError(`${path}.${field}`, `should be what JSON can express, got ${show(value)}`);
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
