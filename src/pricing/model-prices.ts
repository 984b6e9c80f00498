/** The models that were called, and what providers reported for them beside the price of the list. */

/** What is known about one model of an upstream. Money in USD. */
export interface ModelUse {
  readonly attempts: number;
  /** Attempts whose cost the provider reported and a price list knows. */
  readonly compared: number;
  /** What the provider reported for these. */
  readonly reportedUsd: number;
  /** What they cost by the list. */
  readonly listUsd: number;
}

/** By upstream and model. */
export type ModelUses = Readonly<Record<string, Readonly<Record<string, ModelUse>>>>;

/** Bounds the memory if an application makes up model names. */
const MAX_MODELS = 200;

/** Sums by upstream and model, of this process and, with a store, of all others. */
export class ModelPrices {
  readonly #own = new Map<string, Map<string, Mutable>>();
  readonly #unsent = new Map<string, Map<string, Mutable>>();
  #size = 0;
  #others: ModelUses = {};

  /** @param reported what the provider reported and what the list says, if both are known */
  note(
    upstream: string,
    model: string,
    reported: { readonly reportedUsd: number; readonly listUsd: number } | undefined,
  ) {
    if (this.#own.get(upstream)?.get(model) === undefined) {
      if (this.#size >= MAX_MODELS) return;
      this.#size += 1;
    }
    for (const uses of [this.#own, this.#unsent]) {
      const use = useOf(uses, upstream, model);
      use.attempts += 1;
      if (!reported) continue;
      use.compared += 1;
      use.reportedUsd += reported.reportedUsd;
      use.listUsd += reported.listUsd;
    }
  }

  /** What was noted since the last call of this. */
  takeUnsent(): ModelUses | undefined {
    if (this.#unsent.size === 0) return undefined;
    const taken = toRecord(this.#unsent);
    this.#unsent.clear();
    return taken;
  }

  /** Adds what other processes have noted. */
  adopt(others: ModelUses): void {
    this.#others = others;
  }

  get all(): ModelUses {
    return addUses(toRecord(this.#own), this.#others);
  }
}

/** @param sign -1 subtracts */
export function addUses(before: ModelUses, added: ModelUses, sign: 1 | -1 = 1): ModelUses {
  const sum: Record<string, Record<string, ModelUse>> = {};
  for (const [uses, factor] of [
    [before, 1],
    [added, sign],
  ] as const) {
    for (const [upstream, models] of Object.entries(uses)) {
      const known = (sum[upstream] ??= {});
      for (const [model, use] of Object.entries(models)) {
        const { attempts, compared, reportedUsd, listUsd } = (Object.hasOwn(known, model) && known[model]) || NO_USE;
        known[model] = {
          attempts: attempts + factor * use.attempts,
          compared: compared + factor * use.compared,
          reportedUsd: reportedUsd + factor * use.reportedUsd,
          listUsd: listUsd + factor * use.listUsd,
        };
      }
    }
  }
  return sum;
}

/** The models with most attempts, as many as a process keeps. */
export function mostUsed(uses: ModelUses): ModelUses {
  const all = Object.entries(uses).flatMap(([upstream, models]) =>
    Object.entries(models).map(([model, use]) => ({ upstream, model, use })),
  );
  if (all.length <= MAX_MODELS) return uses;
  const kept = all.toSorted((one, other) => other.use.attempts - one.use.attempts).slice(0, MAX_MODELS);
  const byUpstream = Map.groupBy(kept, ({ upstream }) => upstream);
  return Object.fromEntries(
    [...byUpstream].map(([upstream, models]) => [
      upstream,
      Object.fromEntries(models.map(({ model, use }) => [model, use])),
    ]),
  );
}

type Mutable = { -readonly [field in keyof ModelUse]: number };

const NO_USE: ModelUse = { attempts: 0, compared: 0, reportedUsd: 0, listUsd: 0 };

function useOf(uses: Map<string, Map<string, Mutable>>, upstream: string, model: string): Mutable {
  let models = uses.get(upstream);
  if (!models) uses.set(upstream, (models = new Map()));
  let use = models.get(model);
  if (!use) models.set(model, (use = { ...NO_USE }));
  return use;
}

function toRecord(uses: ReadonlyMap<string, ReadonlyMap<string, ModelUse>>): ModelUses {
  const copied = [...uses].map(([upstream, models]) => [
    upstream,
    Object.fromEntries([...models].map(([model, use]) => [model, { ...use }])),
  ]);
  return Object.fromEntries(copied) as ModelUses;
}
