import type { z } from "@hono/zod-openapi";
import { respond } from "../platform/http/answers.ts";
import { type AppContext, databaseOf } from "../platform/http/context.ts";
import { type Deps, type Ending, endSessions } from "./sessions.ts";

export const TAGS = ["identity"];

const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

export const body = <T extends z.ZodType>(schema: T) => ({ body: { required: true, content: json(schema) } });

export const answer = <T extends z.ZodType>(description: string, schema: T) => ({ description, content: json(schema) });

/** Ends sessions and says how many. */
export async function answerEnding(c: AppContext, user: string, ending: Ending) {
  const ended = await endSessions(depsOf(c), user, ending);
  return ended.ok ? c.json({ ended: ended.value.length }, 200, NO_STORE) : respond(c, ended.refusal);
}

export const EVERYTHING: Ending = { except: null, everything: true };

/** Tokens and personal data: no cache may keep them. */
export const NO_STORE = { "cache-control": "no-store" };

export function depsOf(c: AppContext): Deps {
  return { env: c.env, db: databaseOf(c), secret: c.env.AUTH_SECRET, now: new Date() };
}

/** Where a request comes from. */
export function addressOf(c: AppContext): string {
  return c.req.header("cf-connecting-ip") ?? "unknown";
}
