/** Compares an observed call with its specification. */

import { APIError } from 'openai';
import type { AttemptRecord, CallRecord } from '../../../src/index.ts';
import type { AtMs, Expectation, Seen, SeenAnswer, SeenNext, Stage, Verdict } from './fault-scene.ts';
import { TOKENS, wireForm, type WallUpstream } from './fault-wall.ts';

export function judge(seen: Seen, expects: Expectation, stage: Stage): Verdict {
  const deviations = deviationsOf(seen, expects, stage);
  const isOther = deviations.length > 0 && expects.or && deviationsOf(seen, expects.or, stage).length === 0;
  return {
    asked: seen.requests.map(({ upstream, atMs }) => `${upstream} ${seconds(atMs)}`).join(', '),
    got: gotOf(seen),
    whole: seen.answer.error === undefined && tokensIn(seen.answer) === TOKENS,
    deviations: isOther ? [] : deviations,
  };
}

function deviationsOf(seen: Seen, expects: Expectation, stage: Stage): string[] {
  const lines = [
    ...attemptRules(seen, expects, stage),
    ...answerRules(seen, expects, stage),
    ...nextCallRules(seen, expects, stage),
    ...(expects.also?.(seen) ?? []),
  ];
  return lines.filter((line) => line !== undefined);
}

type Rules = readonly (string | undefined)[];

/** Checks the requests that upstreams received, and the attempts that the client reports. */
function attemptRules({ requests, attempts, calls }: Seen, expects: Expectation, { slackMs }: Stage): Rules {
  const asked = expects.attempts.map(([upstream]) => upstream);
  const ends = expects.attempts.map(([upstream, end]) => `${upstream} ${end}`);
  const [upstream, end = ''] = expects.attempts.at(-1) ?? [];
  return [
    unlike('asked', namesOf(requests), asked),
    ...expects.attempts.map(([name, , atMs], index) => beside(`${name} asked`, requests[index]?.atMs, atMs, slackMs)),
    unlike('attempts', attempts.map(endOf), ends),
    unlike('calls', calls.map(endOf), [`${upstream} ${expects.call ?? withoutPhase(end)}`]),
    unlike('attempts of the call', calls[0]?.attempts, asked.length),
  ];
}

/** The upstream and the outcome, with failure kind and phase if present. */
function endOf({ upstream, outcome, kind, ...rest }: AttemptRecord | CallRecord): string {
  const phase = 'phase' in rest ? rest.phase : undefined;
  return [upstream, outcome, kind, phase].filter((word) => word !== undefined).join(' ');
}

/** Call records have the kind of a failure, but not its phase. */
function withoutPhase(end: string): string {
  return end.split(' ', 2).join(' ');
}

function answerRules({ answer, attempts }: Seen, expects: Expectation, stage: Stage): Rules {
  const [by, , lastAtMs = [0, 0]] = expects.attempts.at(-1) ?? [];
  const { fails, tokens = fails ? 0 : TOKENS, endsAtMs = lastAtMs, firstAtMs = endsAtMs, withUsage = false } = expects;
  if (by === undefined) return [];
  return [
    ...chunkRules(answer, stage.wall.chunksOf(by, withUsage), tokens),
    unlike('models', distinct(answer.chunks.map(({ model }) => model)), tokens > 0 ? [attempts.at(-1)?.model] : []),
    ...(fails ? errorRules(answer.error, fails) : [unlike('error', String(answer.error), 'undefined')]),
    tokens > 0 ? beside('first chunk', answer.firstMs, firstAtMs, stage.slackMs) : undefined,
    beside('ended', answer.tookMs, endsAtMs, stage.slackMs),
  ];
}

/** Expects the same chunks as with the SDK alone from that upstream, all of one answer. */
function chunkRules({ chunks }: SeenAnswer, whole: readonly string[], tokens = TOKENS): Rules {
  // The role is in a chunk before the first token.
  const expected = tokens === TOKENS ? whole : whole.slice(0, tokens === 0 ? 0 : 1 + tokens);
  return [
    unlike('chunks', chunks.map(wireForm), expected),
    unlike('answers', distinct(chunks.map(({ id }) => id)).length, tokens === 0 ? 0 : 1),
  ];
}

function errorRules(error: unknown, { is, like }: NonNullable<Expectation['fails']>): Rules {
  if (!(error instanceof is)) return [`error: ${String(error)}, not ${is.name}`];
  const fields = error as unknown as Readonly<Record<string, unknown>>;
  return Object.entries(like).map(([name, value]) => unlike(`error.${name}`, fields[name], value));
}

/** Expects the later calls on the same client to be whole and immediate. A pause concerns one model, so stable serves the next one. */
function nextCallRules({ next, again }: Seen, expects: Expectation, stage: Stage): Rules {
  return [
    ...laterCallRules('next call', next, 'openai', stage),
    ...(expects.again ? laterCallRules('further call', again, expects.again, stage) : []),
  ];
}

function laterCallRules(what: string, seen: SeenNext | undefined, by: WallUpstream, stage: Stage): Rules {
  if (!seen) return [`${what}: not made`];
  const { upstreams, answer } = seen;
  return [
    unlike(`${what} asked`, upstreams, [by]),
    ...chunkRules(answer, stage.wall.chunksOf(by, false)).map((line) => line && `${what}: ${line}`),
    unlike(`${what} error`, String(answer.error), 'undefined'),
    beside(`${what} ended`, answer.tookMs, [0, 0], stage.slackMs),
  ];
}

/** A message if two values differ as JSON. */
export function unlike(what: string, seen: unknown, expected: unknown): string | undefined {
  const [seenText, expectedText] = [JSON.stringify(seen), JSON.stringify(expected)];
  return seenText === expectedText ? undefined : `${what}: ${seenText}, not ${expectedText}`;
}

/** A message if an event is missing or outside its time range. */
export function beside(
  what: string,
  atMs: number | undefined,
  [fromMs, toMs]: AtMs,
  slackMs: number,
): string | undefined {
  // System timers can fire a fraction of a millisecond early.
  if (atMs !== undefined && atMs >= fromMs - Math.min(slackMs, 2) && atMs <= toMs + slackMs) return undefined;
  return `${what}: at ${atMs} ms, not at ${fromMs}–${toMs} ms`;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function namesOf(requests: Seen['requests']): string[] {
  return requests.map(({ upstream }) => upstream);
}

function tokensIn({ chunks }: SeenAnswer): number {
  return chunks.filter(({ choices }) => choices[0]?.delta.content).length;
}

function gotOf({ answer, attempts }: Seen): string {
  const { error, tookMs } = answer;
  const tokens = tokensIn(answer);
  const words = tokens > 0 ? [`${tokens} tokens of ${attempts.at(-1)?.upstream}`] : [];
  const status = error instanceof APIError && error.status !== undefined ? ` ${error.status}` : '';
  const failure = error instanceof Error ? [error.constructor.name + status] : [];
  return `${[...words, ...failure].join(', then ')} at ${seconds(tookMs)}`;
}

/** Formats milliseconds as seconds. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}
