/** The connection to the server: events in, requests out. */

import type { PageAnswer, PageChange, PagePair, PageQuestion, PageSamples, PageState } from '../page-state.ts';

export interface LiveListener {
  readonly state: (state: PageState) => void;
  readonly samples: (samples: PageSamples) => void;
  /** The server cannot read its numbers; what is shown is old. */
  readonly problem: (message: string) => void;
  /** `gone`: the server refuses the page, so that it does not come back by itself. */
  readonly connection: (state: 'live' | 'reconnecting' | 'gone') => void;
}

/** The folder of the page, which may be mounted with or without a slash at the end. */
const base = new URL(location.pathname.endsWith('/') ? '.' : `${location.pathname}/`, location.href);

/** Connects, and connects again whenever the connection is lost. The browser repeats the id of the last samples. */
export function connect(listener: LiveListener): void {
  const events = new EventSource(new URL('events', base));
  events.addEventListener('open', () => listener.connection('live'));
  events.addEventListener('error', () => {
    const isGone = events.readyState === EventSource.CLOSED;
    listener.connection(isGone ? 'gone' : 'reconnecting');
    // Also after a refusal: the server may be starting.
    if (isGone) setTimeout(() => connect(listener), AGAIN_MS);
  });
  events.addEventListener('state', ({ data }) => listener.state(JSON.parse(data as string) as PageState));
  events.addEventListener('samples', ({ data }) => listener.samples(JSON.parse(data as string) as PageSamples));
  events.addEventListener('problem', ({ data }) =>
    listener.problem((JSON.parse(data as string) as { readonly problem: string }).problem),
  );
}

const AGAIN_MS = 5_000;

/** A token may stand behind the `#` of the address, which browsers do not send. It is taken off the address. */
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token !== null) history.replaceState(null, '', location.pathname + location.search);

/** @throws Error with what the server says */
export async function sendChange(change: PageChange): Promise<void> {
  await post('change', change);
}

/** @throws Error with what the server says */
export async function askWhere(question: PageQuestion): Promise<PageAnswer> {
  return (await post('explain', question)) as PageAnswer;
}

/** @throws Error with what the server says */
export async function readPairs(): Promise<readonly PagePair[]> {
  return (await answerOf(await fetch(new URL('samples', base)))) as readonly PagePair[];
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) };
  return answerOf(await fetch(new URL(path, base), { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function answerOf(response: Response): Promise<unknown> {
  const answer = (await response.json().catch(() => ({}))) as { readonly error?: string };
  if (response.ok) return answer;
  throw new Error(answer.error ?? `The server answered ${response.status}`);
}
