/** How alike two texts are, at a cost that does not grow beyond their first words. */

/** Words of each text that are looked at, and the characters that they are looked for in. */
const MAX_WORDS = 2_000;
const MAX_CHARACTERS = 20_000;

/** A character of a script without spaces is a word; else letters and digits in a row. */
const WORD = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{N}]+/gu;

/**
 * The share of words in common, each as often as it occurs, in any order: 1 for the same words, 0 for none; two texts without
 * words are alike. Sørensen–Dice on multisets: T. Sørensen, "A method of establishing groups of equal amplitude", 1948.
 */
export function textSimilarity(one: string, other: string): number {
  if (one === other) return 1;
  const counts = new Map<string, number>();
  const ours = wordsOf(one);
  const theirs = wordsOf(other);
  if (ours.length + theirs.length === 0) return 1;
  for (const word of ours) counts.set(word, (counts.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of theirs) {
    const left = counts.get(word) ?? 0;
    if (left === 0) continue;
    counts.set(word, left - 1);
    shared += 1;
  }
  return (2 * shared) / (ours.length + theirs.length);
}

/** All at once: an object for each match would cost more than the words. */
function wordsOf(text: string): readonly string[] {
  const words = text.slice(0, MAX_CHARACTERS).match(WORD) ?? [];
  return words.slice(0, MAX_WORDS).map((word) => word.toLowerCase());
}
