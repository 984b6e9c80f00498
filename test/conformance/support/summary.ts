/** As much of what a caller sees as the recorded baseline says. */

import type { Seen } from './call-for.ts';
import type { Recording } from './recordings.ts';

/** Two sightings with equal summaries look the same to the baseline. */
export interface Summary {
  readonly ok: boolean;
  /** How many chunks, for a stream that ended well. */
  readonly chunks: number | undefined;
  /** The name of the error's class. */
  readonly error: string | undefined;
  readonly status: unknown;
  readonly code: unknown;
  readonly message: string | undefined;
}

/** The baseline kept so many characters of a message. */
const MESSAGE_LENGTH = 140;

export function summaryOf({ value, chunks, error }: Seen): Summary {
  return {
    ok: error === undefined,
    chunks: value === undefined && error === undefined ? chunks.length : undefined,
    error: error && (error.class as { name: string }).name,
    status: error?.status,
    code: error?.code ?? undefined,
    message: error?.message.slice(0, MESSAGE_LENGTH),
  };
}

export function statedBy({ baseline }: Recording): Summary | undefined {
  return (
    baseline && {
      ok: baseline.ok,
      chunks: baseline.chunks,
      error: baseline.error,
      status: baseline.err_status,
      code: baseline.code ?? undefined,
      message: baseline.message?.slice(0, MESSAGE_LENGTH),
    }
  );
}
