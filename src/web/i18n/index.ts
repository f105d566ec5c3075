import { type Language, languageFor, preferences } from "../lib/preferences.ts";
import { Store } from "../lib/store.ts";
import { useStore } from "../lib/use-store.ts";
import { en, type Messages } from "./en.ts";

export type { Messages } from "./en.ts";

/** The loaded texts. English comes with the first script; another language is loaded by its readers. */
const tables = new Store<Partial<Record<Language, Messages>> & { en: Messages }>({ en });

async function load(): Promise<void> {
  if (languageFor(preferences.get()) !== "zh" || tables.get().zh !== undefined) return;
  const { zh } = await import("./zh.ts");
  tables.set({ ...tables.get(), zh });
}

/**
 * Loads the texts of the chosen language, and from then on those of each language that is chosen. Also ends if they
 * cannot be loaded: the page is then in English, and the next choice tries again.
 */
export async function followLanguage(): Promise<void> {
  const loadOrStay = () => load().catch(() => undefined);
  preferences.subscribe(() => void loadOrStay());
  await loadOrStay();
}

/** The language of the page; the component renders again when it is switched. */
export function useLanguage(): Language {
  return languageFor(useStore(preferences));
}

/** The texts of the page in its language; in English until the texts of a new choice are loaded. */
export function useMessages(): Messages {
  const { en: english, [useLanguage()]: messages } = useStore(tables);
  return messages ?? english;
}

const FORMAT = { dateStyle: "medium", timeStyle: "short" } as const;
/** Making one costs more than a hundred uses of it. */
const formats = {
  en: new Intl.DateTimeFormat("en-GB", FORMAT),
  zh: new Intl.DateTimeFormat("zh-CN", FORMAT),
};

/** A moment as people write it in the language of the page, in their own time zone. */
export function formatInstant(instant: string, language: Language): string {
  return formats[language].format(new Date(instant));
}
