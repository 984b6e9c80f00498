/** What a judged call says about each metric. */

/** How the first attempt of a judged call ended. */
export interface JudgedOutcome {
  readonly failed: boolean;
  readonly latencyMs: number;
  /** `undefined` for a call that is no stream. */
  readonly firstChunkMs: number | undefined;
  readonly stream: boolean;
  readonly costUsd: number | null;
}

/** Whether a metric is read off calls here; others are for the application to record. */
export function isMeasured(metric: string): boolean {
  return Object.hasOwn(valuesOf({ failed: false, latencyMs: 0, firstChunkMs: 0, stream: true, costUsd: 0 }), metric);
}

/** What is known of a call that has run for longer than any of stable's. */
export const OVERDUE = { latencyP50: Infinity, latencyP95: Infinity, latencyP99: Infinity, latency: Infinity } as const;

/** Takes the latency out of values. */
export const NO_LATENCY = {
  latencyP50: undefined,
  latencyP95: undefined,
  latencyP99: undefined,
  latency: undefined,
} as const;

/** A failed call is slower than any other, and what it cost says nothing about what answers cost. */
export function valuesOf({ failed, latencyMs, firstChunkMs, stream, costUsd }: JudgedOutcome) {
  const latency = failed ? Infinity : latencyMs;
  const firstChunk = firstChunkMs ?? (failed ? Infinity : undefined);
  return {
    errorRate: failed ? 1 : 0,
    latencyP50: latency,
    latencyP95: latency,
    latencyP99: latency,
    latency,
    firstChunkP95: stream ? firstChunk : undefined,
    costPerCall: failed ? undefined : (costUsd ?? undefined),
  };
}
