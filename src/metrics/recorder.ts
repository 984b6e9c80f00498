/** Records attempts and calls into sliding windows. */

import type { AssignmentRecord } from '../domain/assignment.ts';
import type { AttemptRecord, CallRecord } from '../domain/attempt.ts';
import type { CallTotals, ModelWindowSnapshot, TaskSnapshot, WindowSnapshot } from '../domain/snapshot.ts';
import { DeferredBatch } from '../domain/in-flight.ts';
import { CallWindow, TaskWindows } from './call-windows.ts';
import { ModelWindows } from './model-windows.ts';
import { UpstreamWindow } from './window.ts';

export interface RecorderOptions {
  /** The upstreams to record. */
  readonly upstreams: readonly string[];
  /** The length of the windows in ms, above 0. */
  readonly windowMs: number;
}

/**
 * Records attempts and calls at the time they ended, and reads them over the window. It takes about 62 kB per upstream and as much for
 * all calls, however many are recorded.
 */
export class Recorder {
  readonly #windowMs: number;
  readonly #windows: ReadonlyMap<string, UpstreamWindow>;
  readonly #modelWindows: ReadonlyMap<string, ModelWindows>;
  readonly #callWindow: CallWindow;
  readonly #taskWindows: TaskWindows;
  readonly #attempts = new DeferredBatch<AttemptRecord>((record) => {
    this.#windows.get(record.upstream)?.attempt(record);
    this.#modelWindows.get(record.upstream)?.attempt(record);
  });
  readonly #assignments = new DeferredBatch<AssignmentRecord>((record) =>
    this.#windows.get(record.upstream)?.assignment(record),
  );
  readonly #calls = new DeferredBatch<CallRecord>((record) => {
    this.#callWindow.record(record);
    if (record.task !== undefined) this.#taskWindows.record(record.task, record);
    this.#windows.get(record.assigned)?.call(record.startedAtMs + record.latencyMs);
  });

  constructor({ upstreams, windowMs }: RecorderOptions) {
    this.#windowMs = windowMs;
    this.#windows = new Map(upstreams.map((name) => [name, new UpstreamWindow(windowMs)]));
    this.#modelWindows = new Map(upstreams.map((name) => [name, new ModelWindows(windowMs)]));
    this.#callWindow = new CallWindow(windowMs);
    this.#taskWindows = new TaskWindows(windowMs);
  }

  /** Counts an attempt for its upstream; an unknown upstream is ignored. */
  attempt(record: AttemptRecord): void {
    this.#attempts.add(record);
  }

  /** Counts the end of an assignment for its upstream; an unknown upstream is ignored. */
  assignment(record: AssignmentRecord): void {
    this.#assignments.add(record);
  }

  /** Counts a call in the totals, for its task, and for its `assigned` upstream if that is known. */
  call(record: CallRecord): void {
    this.#calls.add(record);
  }

  /** Counts the quality of a call for the upstream that answered it; an unknown upstream is ignored. */
  score(upstream: string, quality: number, atMs: number): void {
    this.#windows.get(upstream)?.score(quality, atMs);
  }

  /** The numbers of one upstream; an unknown one is empty. */
  upstream(name: string, nowMs: number): WindowSnapshot {
    this.#attempts.flush();
    this.#assignments.flush();
    this.#calls.flush();
    return (this.#windows.get(name) ?? new UpstreamWindow(this.#windowMs)).snapshot(nowMs);
  }

  /** The numbers of one upstream by requested model, for models with attempts in the window. */
  models(name: string, nowMs: number): ReadonlyMap<string | undefined, ModelWindowSnapshot> {
    this.#attempts.flush();
    return this.#modelWindows.get(name)?.snapshot(nowMs) ?? new Map();
  }

  /** The numbers of all calls. */
  totals(nowMs: number): CallTotals {
    this.#calls.flush();
    return this.#callWindow.totals(nowMs);
  }

  /** The numbers of calls by task. */
  tasks(nowMs: number): Record<string, TaskSnapshot> {
    this.#calls.flush();
    return this.#taskWindows.snapshot(nowMs);
  }
}
