/** Values by labels: counters and histograms that are written for each call, and read when somebody scrapes. */

import { type KeyOf, type LabelValues, METRICS, type MetricDefinition } from './metrics.ts';

/** One line of an exposition, in the form that the registries of the client libraries read. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Set for the parts of a histogram. */
  readonly metricName?: string;
}

/** A counter with fixed labels. */
export interface Count {
  value: number;
}

/** A histogram with fixed labels. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** Observations between two bounds; the last element counts those above all bounds. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds ascending, inclusive upper bounds */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.#bounds.length && value > this.#bounds[index]!) index += 1;
    this.#counts[index]! += 1;
    this.#sum += value;
  }

  /** The cumulative buckets, the sum and the count. */
  *samples(name: string, labels: Sample['labels']): Iterable<Sample> {
    let count = 0;
    for (const [index, bound] of [...this.#bounds, '+Inf'].entries()) {
      count += this.#counts[index]!;
      yield { labels: { ...labels, le: String(bound) }, value: count, metricName: `${name}_bucket` };
    }
    yield { labels, value: this.#sum, metricName: `${name}_sum` };
    yield { labels, value: count, metricName: `${name}_count` };
  }
}

/** Nested maps, one level per label. */
type Tree<Cell> = Map<string, Tree<Cell> | Cell>;

/** The cells of one metric. A look-up makes no string, since it runs several times per call. */
export class Series<Key extends KeyOf<'counter' | 'histogram'>, Cell> {
  readonly definition: MetricDefinition;
  readonly #create: () => Cell;
  #tree: Tree<Cell> = new Map();
  #cells: { readonly labels: Sample['labels']; readonly cell: Cell }[] = [];

  constructor(key: Key, create: () => Cell) {
    this.definition = METRICS[key];
    this.#create = create;
  }

  /** All cells with their labels. */
  get cells(): readonly { readonly labels: Sample['labels']; readonly cell: Cell }[] {
    return this.#cells;
  }

  /** The cell with these labels, which is made if it is missing. */
  at(...values: LabelValues<Key>): Cell {
    let tree = this.#tree;
    const last = values.length - 1;
    for (let index = 0; index < last; index += 1) {
      // Only the last level has cells.
      let next = tree.get(values[index]!) as Tree<Cell> | undefined;
      if (next === undefined) tree.set(values[index]!, (next = new Map()));
      tree = next;
    }
    return (tree.get(values[last]!) as Cell | undefined) ?? this.#add(tree, values);
  }

  clear(): void {
    this.#tree = new Map();
    this.#cells = [];
  }

  #add(tree: Tree<Cell>, values: readonly string[]): Cell {
    const cell = this.#create();
    tree.set(values.at(-1)!, cell);
    const labels = Object.fromEntries(this.definition.labels.map((label, index) => [label, values[index]!]));
    this.#cells.push({ labels, cell });
    return cell;
  }
}

/** A counter by labels. */
export function counts<Key extends KeyOf<'counter'>>(key: Key): Series<Key, Count> {
  return new Series(key, () => ({ value: 0 }));
}

/** A histogram by labels. */
export function distributions<Key extends KeyOf<'histogram'>>(
  key: Key,
  bounds: readonly number[],
): Series<Key, Distribution> {
  return new Series(key, () => new Distribution(bounds));
}
