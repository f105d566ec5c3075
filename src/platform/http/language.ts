import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { LANGUAGES, type Language, negotiateLanguage } from "../text.ts";
import type { AppEnv } from "./context.ts";

/** `?lang=` for every answer with text. */
export const languageQuery = z
  .enum(LANGUAGES)
  .optional()
  .openapi({ description: "Language of titles and sentences; default from Accept-Language, then English." });

export function languageOf(c: Context<AppEnv>): Language {
  return negotiateLanguage(c.req.query("lang"), c.req.header("accept-language"));
}
