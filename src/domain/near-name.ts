/** What somebody meant who wrote a name that is none. */

/** The nearest of `names`, if it is near: at most two letters are wrong, and at most half of them. */
export function nearName(written: string, names: readonly string[]): string | undefined {
  const candidates = names.map((name) => ({ name, wrong: distance(written.toLowerCase(), name.toLowerCase()) }));
  const near = candidates.filter(({ name, wrong }) => wrong <= Math.min(2, name.length / 2));
  return near.toSorted((one, other) => one.wrong - other.wrong)[0]?.name;
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
