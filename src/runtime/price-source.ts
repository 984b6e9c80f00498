/** Reads the user's price list at the start and every day. No call waits for it, except where a missing price refuses calls. */

import { readFile, stat } from 'node:fs/promises';
import { fields, isRecord } from '../domain/json.ts';
import type { PriceSource } from '../domain/usage.ts';
import { errorName, type Warnings } from '../events/warnings.ts';
import { readPriceList } from '../pricing/price-list.ts';
import type { PriceTable } from '../pricing/price-table.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { withTimeout } from '../time/wait.ts';
import type { ResolvedOptions } from './resolve-options.ts';

const EVERY_MS = 86_400_000;
/** After a failure. */
const RETRY_MS = 3_600_000;
/** A function that takes longer has failed. */
const READ_TIMEOUT_MS = 60_000;
/** How long the first calls wait for the list, where calls without a price are refused. */
const FIRST_READ_MS = 250;

interface PriceSourceInput {
  readonly source: PriceSource;
  readonly table: PriceTable;
  readonly clock: Clock;
  /** Called with the reason when reading fails, after a success or at the start; `times`: how often until now. */
  readonly onFailure: (reason: string, times: number) => void;
}

/** Warns once each time that the list can no longer be read. */
export function startPriceSource(
  { priceSource: source, clock }: Pick<ResolvedOptions, 'priceSource' | 'clock'>,
  table: PriceTable,
  warnings: Warnings,
): PriceSourceReader | undefined {
  if (source === undefined) return undefined;
  const onFailure = (reason: string, times: number): void => {
    const message = `The list of prices.source could not be read (${reason}): the last prices stay in use`;
    warnings.once(`prices.source ${times}`, { code: 'price', message, atMs: clock.now() });
  };
  return new PriceSourceReader({ source, table, clock, onFailure });
}

export class PriceSourceReader {
  /** Resolves when the list was read, or could not be read, for the first time. */
  readonly read: Promise<void>;
  readonly #input: PriceSourceInput;
  #timer: Timer | undefined;
  #first: Promise<void> | undefined;
  #isFailing = false;
  #failures = 0;
  #closed = false;

  constructor(input: PriceSourceInput) {
    this.#input = input;
    this.read = this.#read();
    const first = withTimeout(this.read, FIRST_READ_MS, input.clock).catch(() => undefined);
    this.#first = first.then(() => void (this.#first = undefined));
  }

  /** Set until the first list is known, for 250 ms at most. */
  get known(): Promise<void> | undefined {
    return this.#first;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const { source, table, clock, onFailure } = this.#input;
    let delayMs = EVERY_MS;
    try {
      const { prices, date } = await withTimeout(listOf(source, clock), READ_TIMEOUT_MS, clock);
      const list = readPriceList(prices);
      if (!list) throw new TypeError('it has no prices in the format of LiteLLM or models.dev');
      table.adopt(list, { version: 'prices.source', date });
      this.#isFailing = false;
    } catch (error) {
      delayMs = RETRY_MS;
      if (!this.#isFailing) onFailure(errorName(error), (this.#failures += 1));
      this.#isFailing = true;
    }
    this.#schedule(delayMs);
  }

  #schedule(delayMs: number): void {
    if (this.#closed) return;
    const held = new WeakRef(this);
    this.#timer = this.#input.clock.setTimeout(() => {
      const alive = held.deref();
      if (alive) void alive.#read();
    }, delayMs);
  }
}

interface DatedList {
  readonly prices: unknown;
  /** `YYYY-MM-DD`. */
  readonly date: string;
}

async function listOf(source: PriceSource, clock: Clock): Promise<DatedList> {
  if (typeof source === 'string') {
    const [text, { mtimeMs }] = await Promise.all([readFile(source, 'utf8'), stat(source)]);
    return { prices: JSON.parse(text), date: dayOf(mtimeMs) };
  }
  const returned = await source();
  const value: unknown = typeof returned === 'string' ? JSON.parse(returned) : returned;
  const { date, prices } = fields(value);
  if (!isRecord(prices)) return { prices: value, date: dayOf(clock.now()) };
  return { prices, date: date === undefined ? dayOf(clock.now()) : checkedDay(date) };
}

function checkedDay(date: unknown): string {
  const atMs = date instanceof Date ? date.getTime() : Date.parse(String(date));
  if (Number.isNaN(atMs)) throw new TypeError(`its date should be a day such as 2026-01-31, got ${String(date)}`);
  return dayOf(atMs);
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
