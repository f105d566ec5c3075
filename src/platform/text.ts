import { z } from "@hono/zod-openapi";
import { broken } from "./http/field-errors.ts";

/** The languages in which Latchkey writes sentences, and in which authors may write titles and content. */
export const LANGUAGES = ["en", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

/** Text in one or both languages; at least one is present. */
export type LocalizedText = { en: string; zh?: string | undefined } | { en?: string | undefined; zh: string };

/**
 * What no name may contain: control characters and line breaks, lone surrogates, and the marks that change the writing
 * direction (they make `gpj.exe` look like `exe.jpg`, and one person's name like another's).
 */
const UNSAFE_IN_NAME = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Whether a name looks like what it is, see {@link UNSAFE_IN_NAME}. */
export function isPlainName(name: string): boolean {
  return !UNSAFE_IN_NAME.test(name);
}

/** A name from another system, without the characters that no name may contain. */
export function plainName(name: string, maxLength: number): string {
  const plain = name.replaceAll(new RegExp(UNSAFE_IN_NAME, "gu"), " ").trim();
  return [...plain].slice(0, maxLength).join("").trim();
}

/** A name of a person or thing, for people to read. */
export function nameSchema(maxLength: number) {
  return z
    .string()
    .trim()
    .min(1)
    .max(maxLength)
    .refine(isPlainName, broken("forbidden_character", "no control characters, line breaks or direction marks"));
}

/** Accepts `"text"` (English) or `{en, zh}`; always yields the object form. */
export function localizedTextSchema(maxLength: number) {
  const text = z.string().trim().min(1).max(maxLength);
  return z
    .union([text, z.strictObject({ en: text, zh: text.optional() }), z.strictObject({ en: text.optional(), zh: text })])
    .transform((value): LocalizedText => (typeof value === "string" ? { en: value } : value));
}

/** The text in the requested language, else in the existing one. */
export function inLanguage(text: LocalizedText, language: Language): string {
  return text[language] ?? text.en ?? text.zh ?? "";
}

/**
 * Chooses the language of an answer: `?lang=` first, then the first known tag of Accept-Language (by quality values,
 * RFC 9110 section 12.5.4), then English.
 */
export function negotiateLanguage(query: string | undefined, acceptLanguage: string | undefined): Language {
  const asked = LANGUAGES.find((language) => language === query);
  if (asked !== undefined) return asked;
  const ranked = (acceptLanguage ?? "")
    .split(",")
    .map((part, position) => {
      const [tag = "", ...parameters] = part.trim().toLowerCase().split(";");
      const quality = parameters.map((parameter) => /^\s*q=([\d.]+)\s*$/.exec(parameter)?.[1]).find(Boolean);
      return {
        language: LANGUAGES.find((known) => tag === known || tag.startsWith(`${known}-`)),
        quality: Number(quality ?? 1),
        position,
      };
    })
    .filter((entry) => entry.language !== undefined && entry.quality > 0)
    .sort((a, b) => b.quality - a.quality || a.position - b.position);
  return ranked[0]?.language ?? "en";
}
