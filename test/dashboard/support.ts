/** Requests to a dashboard in process, and its events. */

import type { Dashboard } from '../../src/dashboard/index.ts';
import type { PageChange, PageSamples, PageState } from '../../src/dashboard/page-state.ts';

export const LOCAL = { remoteAddress: '127.0.0.1' };
const URL_OF_PAGE = 'http://localhost:4141/canary/';

/** A request of this machine's browser to the page or to a path below it. */
export function get(dashboard: Dashboard, path = '', init: RequestInit = {}): Promise<Response> {
  return dashboard.fetch(new Request(URL_OF_PAGE + path, init), LOCAL);
}

/** A POST as the page sends it; `headers` replace its headers, `null` removes one. */
export function post(
  dashboard: Dashboard,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string | null>> = {},
): Promise<Response> {
  const all = { origin: 'http://localhost:4141', 'content-type': 'application/json', ...headers };
  const given = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return get(dashboard, path, { method: 'POST', headers: given, body: text });
}

/** What the page would ask for, by what it sees now. */
export async function changeOf(dashboard: Dashboard, command: PageChange['command']): Promise<PageChange> {
  const { rollouts } = (await (await get(dashboard, 'state')).json()) as PageState;
  const { upstream, phase, step, run } = rollouts[0]!;
  return { upstream, command, seen: { phase, step, run } };
}

/** One server-sent event. */
export interface ReadEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: PageState & PageSamples & { readonly problem?: string };
}

/** Reads events until `count` of `name` have come, and leaves. */
export async function readEvents(response: Response, name: string, count = 1): Promise<readonly ReadEvent[]> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const found: ReadEvent[] = [];
  let text = '';
  while (found.filter((event) => event.name === name).length < count) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended before ${count} events of ${name}`);
    text += value;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    found.push(...parts.flatMap(parse));
  }
  await reader.cancel();
  return found.filter((event) => event.name === name);
}

function parse(part: string): readonly ReadEvent[] {
  const fields = new Map(part.split('\n').map((line) => [line.split(': ')[0], line.slice(line.indexOf(': ') + 2)]));
  const data = fields.get('data');
  return data === undefined
    ? []
    : [{ name: fields.get('event') ?? '', id: fields.get('id'), data: JSON.parse(data) as ReadEvent['data'] }];
}
