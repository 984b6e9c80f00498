/** How alike two texts are, at a cost that does not grow beyond their first words. */

/** Words of each text that are looked at. */
const MAX_WORDS = 2_000;

/** A character of a script without spaces is a word; else letters and digits in a row. */
const WORD = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|[\p{L}\p{N}]+/gu;

/**
 * The share of words in common, each as often as it occurs, in any order: 1 for the same words, 0 for none; two texts without
 * words are alike. Sørensen–Dice on multisets: T. Sørensen, "A method of establishing groups of equal amplitude", 1948.
 */
export function textSimilarity(one: string, other: string): number {
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

function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(WORD)) {
    if (words.push(word.toLowerCase()) === MAX_WORDS) break;
  }
  return words;
}
