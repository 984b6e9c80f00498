/** A store in memory, and the rules of leases, fences, boxes and logs that both stores of this folder share. */

import type { Json, Lease, SourceBlock, Store, StoredMessage } from '../domain/store.ts';
import { grantPart, type SharedLimit } from './shared-limit.ts';

/** Options of every store. */
export interface StoreOptions {
  /**
   * The time in ms since the Unix epoch, by which leases expire. Clients that share a store should agree on it.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

/**
 * A store that lives as long as the process. Several clients of one process may share it.
 *
 * @example new CanaryClient({ canary: { store: memoryStore(), rollout } })
 */
export function memoryStore({ now = Date.now }: StoreOptions = {}): Store {
  const entries = emptyEntries();
  return {
    persistent: false,
    // Values are copied in and out, so that changing them does not change the store.
    read: async (key) => structuredClone(readValue(entries, key)),
    keys: async (prefix) => keysOf(entries, prefix),
    write: async (key, value, fence) => writeValue(entries, key, structuredClone(value), fence),
    lease: async (key, holder, forMs) => takeLease(entries, key, { holder, forMs, nowMs: now() }),
    release: async (key, holder) => releaseLease(entries, key, holder),
    post: async (box, message) => putMessage(entries, box, structuredClone(message)),
    messages: async (box, afterId) => structuredClone(messagesAfter(entries, box, afterId)),
    addBlock: async (log, block) => putBlock(entries, log, structuredClone(block)),
    blocks: async (log, afterId) => structuredClone(blocksAfter(entries, log, afterId)),
    dropBlocks: async (log, throughId) => removeBlocks(entries, log, throughId),
    remember: async (texts, forMs) => keepTexts(entries, texts, { forMs, nowMs: now() }),
    recall: async (keys) => textsOf(entries, keys, now()),
    takeParts: async (requests) => requests.map((request) => grantPart(entries.limits, request, now())),
  };
}

/** The content of a store, as JSON. */
export interface Entries {
  readonly values: Record<string, Json>;
  readonly leases: Record<string, HeldLease>;
  readonly boxes: Record<string, StoredMessage[]>;
  readonly logs: Record<string, BlockLog>;
  /** What `remember` keeps, the oldest first. */
  readonly texts: Record<string, KeptText>;
  readonly limits: Record<string, SharedLimit>;
  /** Why earlier values are lost; `undefined` if none are. */
  readonly lost?: string | undefined;
}

type KeptText = readonly [text: string, untilMs: number];

interface BlockLog {
  lastId: number;
  /** The highest sequence number of each source, the source that was active last at the end. */
  readonly sources: Record<string, number>;
  blocks: StoredMessage[];
}

interface HeldLease {
  readonly fence: number;
  /** `null` after a release. */
  readonly holder: string | null;
  readonly untilMs: number;
}

/** The number of texts that `remember` keeps: about 1 MB. */
const MAX_TEXTS = 10_000;
/** The number of messages that a box keeps. */
const MAX_MESSAGES = 100;
/** The number of blocks that a log keeps. The process in charge removes them every few seconds. */
const MAX_BLOCKS = 10_000;
/** The number of sources whose sequence numbers a log remembers. */
const MAX_SOURCES = 1_000;

/** The records have no prototype, because a key may be called `constructor`. */
export function emptyEntries(lost?: string): Entries {
  return {
    values: blank(),
    leases: blank(),
    boxes: blank(),
    logs: blank(),
    texts: blank(),
    limits: blank(),
    ...(lost !== undefined && { lost }),
  };
}

/** Parsed JSON as entries, or `undefined` if it does not have their shape. */
export function toEntries(stored: unknown): Entries | undefined {
  const { values, leases, boxes, logs = {}, texts = {}, limits = {}, lost } = recordOf(stored) ?? {};
  const parts = [values, leases, boxes, logs, texts, limits];
  if (!parts.every(recordOf)) return undefined;
  return {
    ...(typeof lost === 'string' && { lost }),
    logs: Object.assign(blank<BlockLog>(), logs),
    texts: Object.assign(blank<KeptText>(), texts),
    limits: Object.assign(blank<SharedLimit>(), limits),
    values: Object.assign(blank<Json>(), values),
    leases: Object.assign(blank<HeldLease>(), leases),
    boxes: Object.assign(blank<StoredMessage[]>(), boxes),
  };
}

export function readValue({ values, lost }: Entries, key: string): Json | undefined {
  return values[key] ?? (lost === undefined || key in values ? values[key] : { lost });
}

export function keysOf({ values }: Entries, prefix: string): readonly string[] {
  return Object.keys(values)
    .filter((key) => key.startsWith(prefix))
    .toSorted();
}

/** Writes a value unless its key has been leased under a higher fence. Returns whether it was written. */
export function writeValue(entries: Entries, key: string, value: Json, fence: number): boolean {
  if ((entries.leases[key]?.fence ?? 0) > fence) return false;
  entries.values[key] = value;
  return true;
}

export function takeLease(
  entries: Entries,
  key: string,
  { holder, forMs, nowMs }: { readonly holder: string; readonly forMs: number; readonly nowMs: number },
): Lease | undefined {
  const held = entries.leases[key];
  const isMine = held?.holder === holder;
  if (held && !isMine && held.holder !== null && nowMs < held.untilMs) return undefined;
  const fence = held && isMine ? held.fence : (held?.fence ?? 0) + 1;
  entries.leases[key] = { fence, holder, untilMs: nowMs + forMs };
  return { fence };
}

export function releaseLease(entries: Entries, key: string, holder: string): void {
  const held = entries.leases[key];
  if (held?.holder === holder) entries.leases[key] = { ...held, holder: null };
}

export function putMessage(entries: Entries, box: string, message: Json): void {
  const kept = (entries.boxes[box] ??= []);
  kept.push({ id: (kept.at(-1)?.id ?? 0) + 1, message });
  if (kept.length > MAX_MESSAGES) kept.shift();
}

export function messagesAfter(entries: Entries, box: string, afterId: number): readonly StoredMessage[] {
  return (entries.boxes[box] ?? []).filter(({ id }) => id > afterId);
}

export function putBlock(entries: Entries, log: string, { source, sequence, message }: SourceBlock): void {
  const kept = (entries.logs[log] ??= { lastId: 0, sources: blank(), blocks: [] });
  if (sequence <= (kept.sources[source] ?? 0)) return;
  delete kept.sources[source];
  kept.sources[source] = sequence;
  const [oldest, ...others] = Object.keys(kept.sources);
  if (oldest !== undefined && others.length >= MAX_SOURCES) delete kept.sources[oldest];
  kept.lastId += 1;
  kept.blocks.push({ id: kept.lastId, message });
  if (kept.blocks.length > MAX_BLOCKS) kept.blocks.shift();
}

export function blocksAfter(entries: Entries, log: string, afterId: number): readonly StoredMessage[] {
  return (entries.logs[log]?.blocks ?? []).filter(({ id }) => id > afterId);
}

export function removeBlocks(entries: Entries, log: string, throughId: number): void {
  const kept = entries.logs[log];
  if (kept) kept.blocks = kept.blocks.filter(({ id }) => id > throughId);
}

/** Keys of texts are hashes. A key of digits only would be out of order, which costs nothing but an early end of its text. */
export function keepTexts(
  { texts }: Entries,
  added: Readonly<Record<string, string>>,
  { forMs, nowMs }: { readonly forMs: number; readonly nowMs: number },
): void {
  for (const [key, text] of Object.entries(added)) {
    delete texts[key];
    texts[key] = [text, nowMs + forMs];
  }
  const keys = Object.keys(texts);
  let excess = keys.length - MAX_TEXTS;
  for (const key of keys) {
    if (excess <= 0 && (texts[key]?.[1] ?? 0) > nowMs) break;
    delete texts[key];
    excess -= 1;
  }
}

export function textsOf({ texts }: Entries, keys: readonly string[], nowMs: number): readonly (string | undefined)[] {
  return keys.map((key) => {
    const [text, untilMs] = texts[key] ?? [undefined, 0];
    return untilMs > nowMs ? text : undefined;
  });
}

function blank<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
