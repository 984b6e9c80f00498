/** What a check is, and what it may conclude. */

import type { CheckName, CheckStatus } from '../domain/probe.ts';
import type { Asker } from './ask.ts';
import { toldAs, type Refusal } from './reply.ts';

/** One thing that is tried out. */
export interface Check {
  readonly name: CheckName;
  /** A check that must have passed first, where it is made at all. */
  readonly needs?: CheckName | undefined;
  readonly run: (ask: Asker) => Promise<Verdict>;
}

/** What a check concludes. */
export interface Verdict {
  readonly status: CheckStatus;
  readonly evidence: string;
  /** Nothing follows from it for what the upstream can do: an outage is not a lack. @default true */
  readonly tells?: boolean | undefined;
}

export const pass = (evidence: string): Verdict => ({ status: 'pass', evidence });
export const fail = (evidence: string): Verdict => ({ status: 'fail', evidence });
export const unsupported = (evidence: string): Verdict => ({ status: 'unsupported', evidence });
export const skip = (evidence: string): Verdict => ({ status: 'skipped', evidence });

/** What follows from a refusal where a feature was asked for. */
export function refused(refusal: Refusal): Verdict {
  const evidence = toldAs(refusal);
  if (refusal.status === 405 || refusal.status === 501) return unsupported(evidence);
  switch (refusal.kind) {
    case 'rateLimit':
      return skip(`told to wait: ${evidence}`);
    // A kind that is unknown is an error under 200: some relays have that for all refusals.
    case undefined:
    case 'badRequest':
    case 'modelNotFound':
    case 'contextLength':
    case 'contentFilter':
      return unsupported(evidence);
    case 'auth':
    case 'quota':
    case 'timeout':
    case 'connection':
    case 'server':
    case 'truncated':
    case 'malformed':
      return { ...fail(evidence), tells: false };
    default:
      return refusal.kind satisfies never;
  }
}
