/** The interface of a check, and its verdicts. */

import type { CheckName, CheckStatus } from '../domain/probe.ts';
import type { ProbeClient } from './probe-client.ts';
import { describeRefusal, type Refusal } from './reply.ts';

/** One feature check. */
export interface Check {
  readonly name: CheckName;
  /** A check that must pass first, unless it is not part of the probe. */
  readonly needs?: CheckName | undefined;
  readonly run: (client: ProbeClient) => Promise<Verdict>;
}

/** The result of a check. */
export interface Verdict {
  readonly status: CheckStatus;
  readonly evidence: string;
  /** `false` if nothing follows for the upstream's capabilities, as after an outage. @default true */
  readonly conclusive?: boolean | undefined;
}

export const pass = (evidence: string): Verdict => ({ status: 'pass', evidence });
export const fail = (evidence: string): Verdict => ({ status: 'fail', evidence });
export const unsupported = (evidence: string): Verdict => ({ status: 'unsupported', evidence });
export const skip = (evidence: string): Verdict => ({ status: 'skipped', evidence });

/** The verdict on a refused request for a feature. */
export function refused(refusal: Refusal): Verdict {
  const evidence = describeRefusal(refusal);
  if (refusal.status === 405 || refusal.status === 501) return unsupported(evidence);
  switch (refusal.kind) {
    case 'rateLimit':
      return skip(`rate-limited: ${evidence}`);
    // `undefined` is an error sent with status 200, as some relays send all refusals.
    case undefined:
    case 'badRequest':
    case 'modelNotFound':
    case 'contextLength':
    case 'contentFilter':
      return unsupported(evidence);
    case 'auth':
    case 'forbidden':
    case 'conflict':
    case 'quota':
    case 'timeout':
    case 'connection':
    case 'server':
    case 'truncated':
    case 'malformed':
      return { ...fail(evidence), conclusive: false };
    default:
      return refusal.kind satisfies never;
  }
}
