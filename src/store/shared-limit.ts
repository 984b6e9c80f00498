/** A limit that processes share, as the stores in memory and in a file keep it: what each process holds, and what was used. */

import type { PartGrant, PartRequest } from '../domain/store.ts';

/** One limit, as JSON. */
export interface SharedLimit {
  /** What was used in each second that still counts, the oldest first. */
  used: (readonly [second: number, amount: number])[];
  /** What each process holds. */
  readonly parts: Record<string, HeldPart>;
  /** Processes whose part counts as used, because they have not asked in time. They may come back. */
  gone?: Record<string, GonePart>;
}

interface HeldPart {
  readonly held: number;
  readonly total: number;
  readonly untilMs: number;
}

interface GonePart {
  /** What the process had used by its last request, and the part that counts as used since. */
  readonly total: number;
  readonly untilMs: number;
}

const SECOND_MS = 1_000;

/** Counts what the process has used, and grants it what is free of the limit. */
export function grantPart(limits: Record<string, SharedLimit>, request: PartRequest, nowMs: number): PartGrant {
  const { name, source, windowMs, total, recent, keeps, wants, forMs } = request;
  const limit = (limits[name] ??= { used: [], parts: {} });
  const seconds = windowMs / SECOND_MS;
  const second = Math.max(Math.floor(nowMs / SECOND_MS), limit.used.at(-1)?.[0] ?? 0);
  const expired = takeExpired(limit, nowMs, windowMs);
  const known = limit.parts[source] ?? limit.gone?.[source];
  delete limit.parts[source];
  delete limit.gone?.[source];
  const amount = expired + (known ? Math.max(0, total - known.total) : recent);
  const counting = limit.used.filter(([at]) => at > second - seconds);
  limit.used = seconds > 0 && amount > 0 ? withAmount(counting, second, amount) : counting;
  const others = Object.values(limit.parts);
  const processes = others.length + (forMs > 0 ? 1 : 0);
  const held = sum(others.map((part) => part.held)) + keeps;
  const free = request.limit - sum(limit.used.map(([, used]) => used)) - held;
  const granted = additionFor(request, free, processes);
  const part = { held: keeps + granted, total: Math.max(total, known?.total ?? 0), untilMs: nowMs + forMs };
  if (forMs > 0) limit.parts[source] = part;
  const oldest = limit.used[0];
  return {
    held: part.held,
    free: Math.max(0, free - granted),
    processes,
    freeInMs: oldest && granted < wants ? (oldest[0] + seconds) * SECOND_MS - nowMs : undefined,
  };
}

/** What is free is divided, so that the process that asks first does not take all. */
function additionFor({ wants, least }: PartRequest, free: number, processes: number): number {
  if (wants <= 0 || free < least) return 0;
  return Math.min(wants, free, Math.max(least, Math.floor(free / Math.max(1, processes))));
}

/** What a process held that has not asked in time counts as used now: it may have used it until now. If it comes back, it does not count again. */
function takeExpired(limit: SharedLimit, nowMs: number, windowMs: number): number {
  const { parts, gone = {} } = limit;
  for (const [source, { untilMs }] of Object.entries(gone)) if (untilMs <= nowMs) delete gone[source];
  const expired = Object.entries(parts).filter(([, { untilMs }]) => untilMs <= nowMs);
  for (const [source, { held, total }] of expired) {
    delete parts[source];
    if (windowMs > 0) gone[source] = { total: total + held, untilMs: nowMs + windowMs };
  }
  limit.gone = gone;
  return sum(expired.map(([, { held }]) => held));
}

function withAmount(used: SharedLimit['used'], second: number, amount: number): SharedLimit['used'] {
  const newest = used.at(-1);
  if (newest?.[0] !== second) return [...used, [second, amount]];
  return [...used.slice(0, -1), [second, newest[1] + amount]];
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
