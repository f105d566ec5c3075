import { env } from "cloudflare:workers";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { z } from "zod";
import { type Hint, PRODUCT } from "./password-hints.ts";

/** What `npm run build:web` writes of zxcvbn's own lists. Only the path counts: assets have no host. */
const WORDS = "https://assets.invalid/assets/password-words.json";

const wordsSchema = z.object({
  dictionary: z.record(z.string(), z.array(z.string())),
  graphs: z.record(z.string(), z.record(z.string(), z.array(z.string().nullable()))),
});

/** Kept as itself and not as a promise, which two requests would share. */
let estimator: ZxcvbnFactory | null = null;

/**
 * How hard a password is to guess (0 to 4), and what makes it easy. The lists are read at the first use in an isolate,
 * which takes about 100 ms.
 *
 * @param words what belongs to its user.
 * @throws when the lists cannot be read: a password that nobody has judged is not taken.
 */
export async function judge(password: string, words: string[]): Promise<{ score: number; hint: Hint }> {
  estimator ??= await load();
  const { score, sequence } = estimator.check(password, words);
  const matches = sequence.map(({ pattern, dictionaryName, matchedWord }) => ({
    pattern,
    list: String(dictionaryName ?? ""),
    word: String(matchedWord ?? ""),
  }));
  const own = matches.filter(({ list }) => list.startsWith("userInputs"));
  const hint = own.some(({ word }) => word !== PRODUCT)
    ? "personal"
    : own.length > 0
      ? "product"
      : matches.some(({ pattern }) => pattern === "dictionary")
        ? "common"
        : "pattern";
  return { score, hint };
}

async function load(): Promise<ZxcvbnFactory> {
  const answer = await env.ASSETS.fetch(WORDS);
  if (!answer.ok) throw new Error(`the list of common passwords answers ${answer.status}`);
  const { dictionary, graphs } = wordsSchema.parse(await answer.json());
  return new ZxcvbnFactory({ dictionary, graphs });
}
