import type { z } from "@hono/zod-openapi";

export const TAGS = ["audit"];

export const ADMINS = { roles: ["admin"], rule: "Admins." } as const;

export const json = <T extends z.ZodType>(schema: T) => ({ "application/json": { schema } });

/** Entries say who did what: no cache may keep them. */
export const NO_STORE = { "cache-control": "no-store" };
