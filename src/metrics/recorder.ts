/** Fills the windows from what happened. */

import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { CallTotals, TaskSnapshot, WindowSnapshot } from '../domain/snapshot.ts';
import { DeferredBatch } from '../domain/in-flight.ts';
import { CallWindow, TaskWindows } from './call-windows.ts';
import { UpstreamWindow } from './window.ts';

/** Records attempts and calls at the time they ended, and reads them over the window. */
export interface Recorder {
  /** Counts an attempt for its upstream; one on an upstream that the recorder was not told of is not recorded. */
  attempt(record: AttemptRecord): void;
  /** Counts a call among all calls, and for the upstream that it was `assigned` to where that one is known. */
  call(record: CallRecord): void;
  /** The numbers of one upstream; those of an unknown one are empty. */
  upstream(name: string, nowMs: number): WindowSnapshot;
  /** The numbers of all calls. */
  totals(nowMs: number): CallTotals;
  /** The numbers of calls by their task. */
  tasks(nowMs: number): Record<string, TaskSnapshot>;
}

/** Which upstreams to record, and how far back in ms (positive) the numbers reach. */
export interface RecorderOptions {
  readonly upstreams: readonly string[];
  readonly windowMs: number;
}

/** A recorder with empty windows: about 62 kB for each upstream and for all calls, however many are recorded. */
export function createRecorder({ upstreams, windowMs }: RecorderOptions): Recorder {
  const windows = new Map(upstreams.map((name) => [name, new UpstreamWindow(windowMs)]));
  const calls = new CallWindow(windowMs);
  const tasks = new TaskWindows(windowMs);
  const attempts = new DeferredBatch<AttemptRecord>((record) => windows.get(record.upstream)?.attempt(record));
  const ended = new DeferredBatch<CallRecord>((record) => {
    calls.record(record);
    if (record.task !== undefined) tasks.record(record.task, record);
    windows.get(record.assigned)?.call(record.startedAtMs + record.latencyMs);
  });
  return {
    attempt(record) {
      attempts.add(record);
    },
    call(record) {
      ended.add(record);
    },
    upstream(name, nowMs) {
      attempts.flush();
      ended.flush();
      return (windows.get(name) ?? new UpstreamWindow(windowMs)).snapshot(nowMs);
    },
    totals(nowMs) {
      ended.flush();
      return calls.totals(nowMs);
    },
    tasks(nowMs) {
      ended.flush();
      return tasks.snapshot(nowMs);
    },
  };
}
