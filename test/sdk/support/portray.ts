/**
 * Makes two values comparable in everything that a caller can distinguish: own properties, including hidden ones, and
 * classes.
 */

import { Stream } from 'openai/core/streaming';
import { OpenAI } from 'openai';

/** A plain copy of `value`, without clients, which always differ in their class. */
export async function portray(value: unknown, seen: ReadonlySet<object> = new Set()): Promise<unknown> {
  if (typeof value === 'function') return `[function ${value.name}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof OpenAI) return '[client]';
  if (seen.has(value)) return '[circular]';
  const within = new Set([...seen, value]);
  if (value instanceof Headers) return { classes: classesOf(value), entries: [...value] };
  if (value instanceof Response) return portrayResponse(value);
  if (value instanceof AbortSignal) return { classes: classesOf(value), aborted: value.aborted };
  if (value instanceof AbortController) return { classes: classesOf(value), aborted: value.signal.aborted };
  if (value instanceof Stream) return { classes: classesOf(value), aborted: value.controller.signal.aborted };
  if (value instanceof Uint8Array) return { classes: classesOf(value), bytes: Buffer.from(value).toString('base64') };
  if (value instanceof Promise) return { classes: classesOf(value) };
  if (Array.isArray(value)) return Promise.all(value.map((item) => portray(item, within)));
  return portrayObject(value, within);
}

/** The classes themselves and not their names, because two classes can have the same name. */
function classesOf(value: object): unknown[] {
  const classes: unknown[] = [];
  let proto = Object.getPrototypeOf(value) as object | null;
  while (proto) {
    classes.push(proto.constructor);
    proto = Object.getPrototypeOf(proto) as object | null;
  }
  return classes;
}

async function portrayResponse(response: Response): Promise<unknown> {
  const { status, statusText, ok, redirected, type, url, headers, bodyUsed } = response;
  return {
    classes: classesOf(response),
    status,
    statusText,
    ok,
    redirected,
    type,
    url,
    headers: [...headers],
    bodyUsed,
    text: bodyUsed || response.body?.locked ? undefined : await response.clone().text(),
  };
}

async function portrayObject(value: object, seen: ReadonlySet<object>): Promise<unknown> {
  const picture: Record<string, unknown> = {};
  for (const name of Reflect.ownKeys(value)) {
    const { enumerable, get } = Object.getOwnPropertyDescriptor(value, name) ?? {};
    // Stacks contain file names, and the SDK's event emitters contain their listeners.
    if (name === 'stack') continue;
    const shown = `${enumerable ? '' : 'hidden '}${get ? 'getter ' : ''}${String(name)}`;
    picture[shown] = await portray((value as Record<PropertyKey, unknown>)[name], seen);
  }
  return { classes: classesOf(value), ...picture };
}
