/** A run of Han characters, or a run of other letters, digits and marks. */
const WORDS = /\p{Script=Han}+|[[\p{L}\p{N}\p{M}]--\p{Script=Han}]+/gv;
const HAN = /^\p{Script=Han}/u;

/**
 * The words of a text as a full-text index takes them, separated by spaces. Chinese has no spaces between words and the
 * index cuts at nothing else, so each run of Han characters becomes its pairs of neighbours and its last character:
 * a word of two characters is one pair, and a longer one is pairs in a row.
 */
export function indexTokens(text: string): string {
  return wordsOf(text)
    .flatMap((word) => (HAN.test(word) ? [...pairsOf(word), lastOf(word)] : [word]))
    .join(" ");
}

/**
 * The full-text query for what somebody typed: all of its words, the last letters of a word may be missing. Null when
 * there is no word in it.
 */
export function searchQuery(text: string): string | null {
  const terms = wordsOf(text).map((word) => {
    if (!HAN.test(word)) return `"${word}"*`;
    const pairs = pairsOf(word);
    return pairs.length === 0 ? `"${word}"*` : `"${pairs.join(" ")}"`;
  });
  return terms.length === 0 ? null : terms.join(" AND ");
}

function wordsOf(text: string): string[] {
  return text.normalize("NFKC").toLowerCase().match(WORDS) ?? [];
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

function lastOf(run: string): string {
  return [...run].at(-1) ?? "";
}
