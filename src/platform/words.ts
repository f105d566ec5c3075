/** The limit of terms in one search; more are a mistake or an attack. */
const MAX_TERMS = 64;

/** Made with the first text: its sets of characters take a millisecond, and a start does not need them. */
let runs: RegExp | undefined;

/**
 * Finds runs of scripts that are written without spaces, and words of all other scripts. Punctuation and the operators
 * of the index's query language are in neither.
 */
const runsOfScripts = () => {
  runs ??=
    /(?<dense>[[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]&&[\p{L}\p{N}\p{M}]]+)|(?<word>[[\p{L}\p{N}\p{M}]--[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}]]+)/gv;
  return runs;
};
/** Accents of Latin, Greek and Cyrillic. Marks of other scripts stay, because they distinguish words. */
const ACCENTS = /[\u0300-\u036f]/g;

interface Run {
  isDense: boolean;
  characters: string[];
}

/**
 * The text in the form of the index: words in lower case without accents, and for Chinese, Japanese and Korean each
 * pair of neighbouring characters, separated by spaces. The last character of a run follows alone, so that every
 * character begins a term, and no sequence of pairs crosses the end of a run.
 */
export function indexTerms(text: string): string {
  const terms: string[] = [];
  for (const { isDense, characters } of runsOf(text)) {
    if (!isDense) terms.push(characters.join(""));
    else {
      terms.push(...pairsOf(characters));
      terms.push(characters.at(-1) ?? "");
    }
  }
  return terms.join(" ");
}

/**
 * A search as an expression of FTS5: all terms must occur; a run of pairs as a sequence, a single character as the
 * beginning of a term. Terms are letters and digits in quotes, so nothing in the text is an operator.
 *
 * @param owner only the records of this owner are searched; null: all records.
 * @param words whether words must match as a whole, or may be the beginning of a longer word.
 * @returns null if the text has nothing to search for.
 * @throws RangeError if it is too long for a search.
 */
export function matchExpression(
  text: string,
  owner: string | null = null,
  words: "whole" | "begun" = "whole",
): string | null {
  const phrases = phrasesOf(text, words);
  if (termsOf(phrases) > MAX_TERMS) throw new RangeError(`a search has at most ${MAX_TERMS} terms`);
  if (phrases.length === 0) return null;
  return [...(owner === null ? [] : [`"${ownerTerm(owner)}"`]), ...phrases].join(" AND ");
}

/** Whether a text has something to search for, and not too much. */
export function isSearchable(text: string): boolean {
  return termsOf(phrasesOf(text)) > 0 && fitsSearch(text);
}

/** Whether a text is no longer than a search may be. */
export function fitsSearch(text: string): boolean {
  return termsOf(phrasesOf(text)) <= MAX_TERMS;
}

/**
 * An owner as a term of the index, so that a search in one owner's records need not look at others'. No word can equal
 * it, because it begins with a character that belongs to no script.
 */
export function ownerTerm(owner: string): string {
  return `\ue000${[...new TextEncoder().encode(owner)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function phrasesOf(text: string, words: "whole" | "begun" = "whole"): string[] {
  return runsOf(text).map(({ isDense, characters }) => {
    if (!isDense) return `"${characters.join("")}"${words === "begun" ? " *" : ""}`;
    return characters.length === 1 ? `"${characters.join("")}" *` : `"${pairsOf(characters).join(" ")}"`;
  });
}

function termsOf(phrases: readonly string[]): number {
  return phrases.reduce((sum, phrase) => sum + phrase.replace(/ \*$/, "").split(" ").length, 0);
}

function runsOf(text: string): Run[] {
  // Compatibility forms are the same letters: full-width Latin, half-width Kana, ligatures.
  return [...text.normalize("NFKC").toLowerCase().matchAll(runsOfScripts())].flatMap(({ groups }): Run[] => {
    if (groups?.dense !== undefined) return [{ isDense: true, characters: [...groups.dense] }];
    const word = (groups?.word ?? "").normalize("NFD").replace(ACCENTS, "").normalize("NFC");
    return word === "" ? [] : [{ isDense: false, characters: [word] }];
  });
}

function pairsOf(characters: readonly string[]): string[] {
  return characters.slice(1).map((character, at) => `${characters[at] ?? ""}${character}`);
}
