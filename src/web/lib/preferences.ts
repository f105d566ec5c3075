import { Store } from "./store.ts";

export type Theme = "system" | "light" | "dark";
export type Language = "en" | "zh";

/** The choices of a visitor in this browser; null follows the browser. */
export interface Preferences {
  theme: Theme;
  language: Language | null;
}

const KEY = "latchkey.preferences";

/** The stored choices of this browser. If nothing or something else is stored, the defaults. */
export function readPreferences(): Preferences {
  const preferences: Preferences = { theme: "system", language: null };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof stored !== "object" || stored === null) return preferences;
    if ("theme" in stored && (stored.theme === "light" || stored.theme === "dark")) preferences.theme = stored.theme;
    if ("language" in stored && (stored.language === "en" || stored.language === "zh")) {
      preferences.language = stored.language;
    }
  } catch {
    // Storage may be forbidden: then a choice lasts as long as the page.
  }
  return preferences;
}

/** The language of the page: the chosen one, else the first of the browser's that we speak, else English. */
export function languageFor(preferences: Preferences): Language {
  if (preferences.language !== null) return preferences.language;
  for (const tag of navigator.languages) {
    if (/^zh\b/i.test(tag)) return "zh";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

/** Sets the choice on the root element, where the style sheet and screen readers find it. */
export function applyPreferences(preferences: Preferences): void {
  const root = document.documentElement;
  root.lang = languageFor(preferences) === "zh" ? "zh-Hans" : "en";
  if (preferences.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = preferences.theme;
}

/** The choices of this browser, read on first use. */
export const preferences = new Store<Preferences>({ theme: "system", language: null });

/** Reads the choices and follows changes in other tabs. */
export function followPreferences(): void {
  const refresh = () => {
    preferences.set(readPreferences());
    applyPreferences(preferences.get());
  };
  refresh();
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) refresh();
  });
}

/** Changes and stores a choice. */
export function choose(change: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...change };
  preferences.set(next);
  applyPreferences(next);
  try {
    localStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // See readPreferences.
  }
}
