import { z } from "@hono/zod-openapi";
import { directory } from "../../platform/database/shards.ts";
import { ok, type Result, refuse } from "../../platform/results.ts";
import { settingsSchema, type XapiSettings } from "./settings.ts";
import { storeOf } from "./statements.ts";

const rowSchema = z.object({
  course_slug: z.string(),
  is_on: z.int(),
  settings: z.string(),
  kept: z.int(),
  stored_at: z.int().nullable(),
  refused_at: z.int().nullable(),
  refused: z.string().nullable(),
  updated_at: z.int(),
});

/** The store of one course. */
export interface Store {
  course: string;
  isOn: boolean;
  settings: XapiSettings;
  kept: number;
  storedAt: number | null;
  refusedAt: number | null;
  refused: string | null;
}

export function readStore(row: unknown): Store {
  const { course_slug, is_on, settings, kept, stored_at, refused_at, refused } = rowSchema.parse(row);
  return {
    course: course_slug,
    isOn: is_on === 1,
    settings: settingsSchema.parse(JSON.parse(settings)),
    kept,
    storedAt: stored_at,
    refusedAt: refused_at,
    refused,
  };
}

/** The store of a course; null where nobody has ever switched it on. */
export async function findStore(env: Env, course: string): Promise<Store | null> {
  const row = await storeOf(directory(env), course).first();
  return row === null ? null : readStore(row);
}

const OFF = refuse("not_enabled", { detail: "This course keeps no learning records. Its staff switch that on." });

/** The store of a course that takes and gives records. */
export async function openStore(env: Env, course: string): Promise<Result<Store>> {
  const store = await findStore(env, course);
  return store?.isOn === true ? ok(store) : OFF;
}
