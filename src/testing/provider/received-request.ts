/** A request as a simulated provider received it. */

import type { IncomingMessage } from 'node:http';
import { asRecord, modelOf } from '../answers/request-body.ts';
import type { RequestBody } from '../answers/request-body.ts';

/** A request, and what became of it. */
export interface ReceivedRequest {
  /** Counts up from 0 within one provider. */
  readonly index: number;
  readonly method: string;
  /** As received: with `/v1` and the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; empty where there was none. */
  readonly body: RequestBody;
  /** The body as received. */
  readonly rawBody: string;
  /** The model that the body, or an Azure deployment's path, names. */
  readonly model: string | undefined;
  readonly atMs: number;
  /** The status it is answered with; `undefined` before that is decided, and where a fault sends none. */
  readonly status: number | undefined;
  /** The client closed the connection before it had the whole answer. */
  readonly aborted: boolean;
}

/** The path below `/v1`, `/openai/v1` or an Azure deployment, without the query. */
export function pathBelowBase(path: string): string {
  return path.replace(/\?.*$/, '').replace(BASE, '') || '/';
}

const BASE = /^\/(?:openai\/)?(?:v1|deployments\/([^/]+))(?=\/|$)/;

/** Reads a whole request. */
export async function receive(message: IncomingMessage, index: number, atMs: number): Promise<ReceivedRequest> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const rawBody = Buffer.concat(parts).toString('utf8');
  const body = asRecord(parsed(rawBody));
  const path = message.url ?? '/';
  return {
    index,
    method: message.method ?? 'GET',
    path,
    headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
    body,
    rawBody,
    model: path.match(BASE)?.[1] ?? modelOf(body),
    atMs,
    status: undefined,
    aborted: false,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
