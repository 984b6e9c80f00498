/** The attempts that a client reports, and the usage expected for a recording. */

import { expect } from 'vitest';
import type { AttemptRecord, CanaryClient } from '../../../src/index.ts';
import { recordedUsage, type Recording } from './recordings.ts';

/** A list of attempts that grows while the client works. */
export function attemptsOf(ai: CanaryClient): readonly AttemptRecord[] {
  const attempts: AttemptRecord[] = [];
  ai.canary.on('attempt', (attempt) => attempts.push(attempt));
  return attempts;
}

/** Matches the usage of a recording; any usage if the recording does not have OpenAI's format. */
export function usageIn(recording: Recording): unknown {
  if (!recording.baseline) return expect.toSatisfy(() => true);
  const usage = recordedUsage(recording);
  return usage && expect.objectContaining(usage);
}
