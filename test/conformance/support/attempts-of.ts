/** The attempts that a client tells of, and the usage that a recording should leave in them. */

import { expect } from 'vitest';
import type { AttemptRecord, CanaryClient } from '../../../src/index.ts';
import { recordedUsage, type Recording } from './recordings.ts';

/** Fills up while the client works. */
export function attemptsOf(ai: CanaryClient): readonly AttemptRecord[] {
  const attempts: AttemptRecord[] = [];
  ai.canary.on('attempt', (attempt) => attempts.push(attempt));
  return attempts;
}

/** Matches the usage that was recorded; in a shape that is not OpenAI's, whatever was found. */
export function usageIn(recording: Recording): unknown {
  if (!recording.baseline) return expect.toSatisfy(() => true);
  const usage = recordedUsage(recording);
  return usage && expect.objectContaining(usage);
}
