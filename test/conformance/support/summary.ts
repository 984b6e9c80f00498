/** Summarises what a caller sees, to compare it with the recorded baseline. */

import type { Seen } from './call-for.ts';
import type { Recording } from './recordings.ts';

/** The facts that the baseline has recorded. */
export interface Summary {
  readonly ok: boolean;
  /** The number of chunks of a stream that ended without an error. */
  readonly chunks: number | undefined;
  /** The name of the error's class. */
  readonly error: string | undefined;
  readonly status: unknown;
  readonly code: unknown;
  readonly message: string | undefined;
}

/** The number of characters of a message that the baseline kept. */
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
