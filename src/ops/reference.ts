import type { OpenAPIHono } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import type { AppContext, AppEnv } from "../platform/http/context.ts";
import { refuse } from "../platform/results.ts";

/** The place of the built files (scripts/lib/reference). Only the path counts: assets have no host. */
const FOLDER = "https://assets.invalid/assets/";
/** A placeholder in them for scheme and host of the service. */
const PLACEHOLDER = "https://origin.invalid";
/** Origins without a special meaning inside JSON, HTML or a shell's quotes; others are left out. */
const PLAIN_ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?$/;

/**
 * Adds /openapi.json, the description of the API, and /docs, the same for people. The build makes both from the
 * validation schemas: the code that makes them is three times as large as the result, and no request needs it.
 */
export function mountReference(app: OpenAPIHono<AppEnv>): void {
  app.get("/openapi.json", async (c) => {
    const text = await builtText(c, "openapi.json");
    return text === null ? missing(c) : c.body(text, 200, { "content-type": "application/json" });
  });
  app.on("GET", ["/docs", "/docs/"], async (c) => {
    const page = await builtText(c, "reference.txt");
    return page === null ? missing(c) : c.body(page, 200, await pageHeaders(page));
  });
}

async function builtText(c: AppContext, name: string): Promise<string | null> {
  const answer = await c.env.ASSETS.fetch(`${FOLDER}${name}`);
  if (!answer.ok) return null;
  const { origin } = new URL(c.req.url);
  const text = await answer.text();
  return PLAIN_ORIGIN.test(origin) ? text.replaceAll(PLACEHOLDER, origin) : text;
}

function missing(c: AppContext): Response {
  const detail = "The reference was not built for this version: run `npm run build:web`.";
  return respond(c, refuse("unavailable", { detail }).refusal);
}

/**
 * Headers of the page: it may load nothing and run nothing. Its style is allowed by its hash (CSP level 3), so that
 * another style could not be inserted even through an error in escaping.
 */
async function pageHeaders(page: string): Promise<Record<string, string>> {
  const style = /<style>([^<]*)<\/style>/.exec(page)?.[1] ?? "";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
  const hash = btoa(String.fromCharCode(...digest));
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=300",
  };
}
