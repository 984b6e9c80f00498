/** Remembers which upstream made what has an id. */

/** Owners of ids (of responses, of conversations), forgetting the least recently used beyond a bound. */
export interface Affinity {
  /** The upstream that made this id, or `undefined` if it was never seen or is forgotten. Counts as a use. */
  ownerOf(id: string): string | undefined;
  remember(id: string, upstream: string): void;
  /** How many ids are remembered. */
  readonly size: number;
}

/** @param maxIds how many ids are remembered, at least 1; 10,000 of them take about 1 MB */
export function createAffinity(maxIds = 10_000): Affinity {
  // A Map iterates in the order of insertion: the first entry is the one used longest ago.
  const owners = new Map<string, string>();

  function remember(id: string, upstream: string): void {
    owners.delete(id);
    owners.set(id, upstream);
    if (owners.size <= maxIds) return;
    const [oldest] = owners.keys();
    if (oldest !== undefined) owners.delete(oldest);
  }

  return {
    ownerOf(id) {
      const upstream = owners.get(id);
      if (upstream !== undefined) remember(id, upstream);
      return upstream;
    },
    remember,
    get size() {
      return owners.size;
    },
  };
}
