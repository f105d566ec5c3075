import type { FieldError } from "../platform/results.ts";
import { MESSAGES, PRODUCT } from "./password-hints.ts";
import { judge } from "./zxcvbn.ts";

/** Characters of a password that are checked: more characters make it no weaker, and the work stays limited. */
const MAX_JUDGED = 48;
/**
 * Score of zxcvbn from which on a password is accepted: more than a hundred million guesses for an attacker with lists.
 */
const ENOUGH = 3;

/** Letters and digits that must be left when the words of the user are removed. */
const LEFT_AT_LEAST = 6;

/** The data of a user that an attacker tries first. */
export interface Person {
  email: string;
  name: string;
}

/**
 * Whether an attacker with lists of common passwords, keyboards, and data of this person would soon guess the password:
 * common ones in any spelling, repetitions, sequences, parts of the address or the name. Checked by zxcvbn, with its
 * list of 49,000 passwords.
 * @param path the place of the password in the body.
 * @returns the broken rule, or null.
 */
export async function passwordDefect(path: string, password: string, person: Person): Promise<FieldError | null> {
  const own = isMadeOf(password, wordsOf(person)) ? "personal" : null;
  const made = own ?? (isMadeOf(password, [...wordsOf(person), PRODUCT]) ? "product" : null);
  if (made !== null) return { path, rule: "easily_guessed", message: MESSAGES[made] };
  const { score, hint } = await judge(password.normalize("NFKC").slice(0, MAX_JUDGED), [...wordsOf(person), PRODUCT]);
  return score >= ENOUGH ? null : { path, rule: "easily_guessed", message: MESSAGES[hint] };
}

/** Whether too little of a password is left without some words. */
function isMadeOf(password: string, made: readonly string[]): boolean {
  const words = made
    .map((word) => word.toLowerCase())
    .filter((word) => word.length >= 3)
    .toSorted((a, b) => b.length - a.length);
  const whole = password.normalize("NFKC").toLowerCase();
  let rest = whole;
  for (const word of words) rest = rest.replaceAll(word, " ");
  return rest !== whole && rest.replace(/[^\p{L}\p{N}]/gu, "").length < LEFT_AT_LEAST;
}

/** The words of an address and a name. */
function wordsOf({ email, name }: Person): string[] {
  const [local = "", domain = ""] = email.split("@");
  const words = [email, local, domain, name, ...`${local} ${domain} ${name}`.split(/[^\p{L}\p{N}]+/u)];
  return [...new Set(words.filter((word) => word.length >= 2))];
}
