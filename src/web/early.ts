import { applyPreferences, readPreferences } from "./lib/preferences.ts";

// Runs before the first paint, so that the page never shows one colour scheme and then the other.
applyPreferences(readPreferences());
