/** A request with more wrong names than this was not mistyped: the rest is named without a suggestion. */
export const MOST_HINTS = 20;
const MOST_LETTERS = 64;

/** Levenshtein distance of two words. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}

const plain = (word: string) => word.toLowerCase().replace(/[\s_-]+/g, '');

/**
 * The candidate that the word was probably meant to be: case, `-` and `_` do not count, up to a third of the letters
 * (at least two) may differ. Null where nothing is near. The first of equally near candidates wins.
 */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const wanted = plain(word.slice(0, MOST_LETTERS));
  let best: { name: string; distance: number } | null = null;
  for (const name of candidates) {
    const limit = Math.max(2, Math.floor(Math.max(wanted.length, name.length) / 3));
    const candidate = plain(name.slice(0, MOST_LETTERS));
    // No distance is less than the difference of the lengths.
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, candidate);
    if (distance <= limit && distance < name.length && (!best || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

/** The hint after the refusal of an unknown name: what was probably meant, and what there is. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return `${near === null ? '' : `Did you mean "${near}"? `}Known are: ${known.join(', ') || '(none)'}.`;
}

const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/**
 * The candidate that says the same in more words or fewer: `loyalty-tier` for `tier`, `name` for `member-name`. The one
 * with the fewest words to spare wins; null where no candidate holds all words of the other.
 */
export function nearestByWords(name: string, candidates: readonly string[]): string | null {
  const wanted = wordsOf(name.slice(0, MOST_LETTERS));
  let best: { name: string; spare: number } | null = null;
  for (const candidate of candidates) {
    const known = wordsOf(candidate);
    const [few, many] = wanted.length < known.length ? [wanted, known] : [known, wanted];
    const spare = many.length - few.length;
    if (few.length === 0 || !few.every((word) => many.includes(word))) continue;
    if (!best || spare < best.spare) best = { name: candidate, spare };
  }
  return best?.name ?? null;
}
