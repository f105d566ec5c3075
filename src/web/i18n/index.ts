import { type Language, languageFor, preferences } from "../lib/preferences.ts";
import { useStore } from "../lib/use-store.ts";
import { en, type Messages } from "./en.ts";
import { zh } from "./zh.ts";

export type { Messages } from "./en.ts";

const TABLES: Record<Language, Messages> = { en, zh };

/** The language of the page; the component renders again when it is switched. */
export function useLanguage(): Language {
  return languageFor(useStore(preferences));
}

/** The texts of the page in its language. */
export function useMessages(): Messages {
  return TABLES[useLanguage()];
}

/** A moment as people write it in the language of the page, in their own time zone. */
export function formatInstant(instant: string, language: Language): string {
  const format = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return format.format(new Date(instant));
}
