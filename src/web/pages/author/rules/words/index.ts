import { useLanguage } from "../../../../i18n/index.ts";
import { en } from "./en.ts";
import type { RuleWords } from "./shape.ts";
import { zh } from "./zh.ts";

export type { RuleWords } from "./shape.ts";

/** The texts of the rule builder in the language of the page. */
export function useRuleWords(): RuleWords {
  return useLanguage() === "zh" ? zh : en;
}
