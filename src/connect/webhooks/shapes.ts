import { z } from "@hono/zod-openapi";
import { HOOK_TYPES, type HookEvent } from "../../hooks/index.ts";
import { broken } from "../../platform/http/field-errors.ts";
import { instantSchema, toInstant, toInstantOrNull } from "../../platform/instants.ts";
import { MAX_ADDRESS, MAX_NOTE } from "./limits.ts";
import type { HookRow } from "./tables.ts";

export const hookIdSchema = z
  .string()
  .regex(/^[0-9a-f]{32}$/, "32 hex digits")
  .openapi({ example: "0123456789abcdef0123456789abcdef" });
/** Database, page, event. */
export const deliveryIdSchema = z
  .string()
  .regex(/^\d{1,4}\.\d{1,16}\.evt_[0-9a-f]{32}$/, "the id of a delivery")
  .openapi({ example: "0.1790000000000.evt_0123456789abcdef0123456789abcdef" });

const urlSchema = z
  .string()
  .min(1)
  .max(MAX_ADDRESS)
  .openapi({ description: "https, port 443, a name of the public network. It is checked again at each delivery." });
const noteSchema = z.string().max(MAX_NOTE).openapi({ description: "What it is for. Nobody is sent this." });
const typesSchema = z
  .array(z.enum(HOOK_TYPES))
  .min(1)
  .max(HOOK_TYPES.length)
  .refine((types) => new Set(types).size === types.length, broken("duplicates", "each type once"));

export const newHookBody = z
  .strictObject({ url: urlSchema, note: noteSchema.default(""), types: typesSchema })
  .openapi("WebhookRequest");
export const changedHookBody = z
  .strictObject({
    url: urlSchema.optional(),
    note: noteSchema.optional(),
    types: typesSchema.optional(),
    state: z.enum(["active", "disabled"]).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, broken("empty", "at least one field"))
  .openapi("WebhookChange");
export const replayBody = z
  .strictObject({
    since: instantSchema.openapi({ description: "When the events were written down, not when they happened." }),
    only: z.enum(["failed", "all"]).default("failed"),
  })
  .openapi("WebhookReplayRequest");

export const hookView = z
  .object({
    id: z.string(),
    course_id: z.string().nullable().openapi({ description: "null: every course." }),
    url: z.string(),
    note: z.string(),
    types: z.array(z.enum(HOOK_TYPES)),
    state: z.enum(["active", "disabled"]),
    disabled_reason: z.enum(["gone", "asked"]).nullable().openapi({
      description: "gone: the receiver answered 410. asked: somebody disabled it.",
    }),
    failing_since: z.string().nullable().openapi({ description: "The receiver has taken nothing since then." }),
    paused_until: z.string().nullable().openapi({ description: "It is down, and is tried again then." }),
    last: z
      .union([
        z.object({
          at: z.string(),
          status: z.int().nullable().openapi({ description: "What was answered; null: nothing was." }),
          error: z.string().nullable().openapi({ description: "Why it failed; null: it was delivered." }),
        }),
        z.null(),
      ])
      .openapi({ description: "The last try." }),
    last_success_at: z.string().nullable(),
    previous_secret_until: z.string().nullable().openapi({ description: "Until then the secret before signs too." }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Webhook");
export const shownHookView = hookView
  .extend({ secret: z.string().openapi({ description: "For the receiver. It is shown this once." }) })
  .openapi("WebhookWithSecret");

export const deliveryView = z
  .object({
    id: z.string(),
    webhook_id: z.string().openapi({ description: "The header of this name; the same at each try." }),
    type: z.enum(HOOK_TYPES),
    course_id: z.string(),
    state: z.enum(["waiting", "delivered", "failed"]).openapi({
      description: "failed: it was given up after three days.",
    }),
    tries: z.int(),
    status: z.int().nullable(),
    error: z.string().nullable(),
    took_ms: z.int().nullable(),
    happened_at: z.string(),
    tried_at: z.string().nullable(),
    next_at: z.string().nullable().openapi({ description: "null while it waits for nothing but its turn." }),
  })
  .openapi("WebhookDelivery");

export const pingView = z
  .object({ delivered: z.boolean(), status: z.int().nullable(), error: z.string().nullable(), took_ms: z.int() })
  .openapi("WebhookPing");
export const replayedView = z
  .object({
    replayed: z.int(),
    continue_since: z.string().nullable().openapi({ description: "There is more: ask again with this `since`." }),
  })
  .openapi("WebhookReplayed");

export function viewHook(row: HookRow, now: number) {
  const { id, course_slug, url, note, types, state, disabled_reason, last_at, last_status, last_error } = row;
  return {
    id,
    course_id: course_slug,
    url,
    note,
    types: z.array(z.enum(HOOK_TYPES)).parse(JSON.parse(types)),
    state,
    disabled_reason,
    failing_since: toInstantOrNull(row.failing_since),
    paused_until: row.paused_until > now ? toInstant(row.paused_until) : null,
    last: last_at === null ? null : { at: toInstant(last_at), status: last_status, error: last_error },
    last_success_at: toInstantOrNull(row.last_success_at),
    previous_secret_until: (row.previous_until ?? 0) > now ? toInstantOrNull(row.previous_until) : null,
    created_at: toInstant(row.created_at),
    updated_at: toInstant(row.updated_at),
  };
}

const STATES = { w: "waiting", d: "delivered", f: "failed" } as const;

export function viewDelivery(id: string, { id: webhook_id, type, course, state, tries, ...rest }: HookEvent) {
  const { status, error, ms, at, tried, next } = rest;
  return {
    id,
    webhook_id,
    type,
    course_id: course,
    state: STATES[state],
    tries,
    status,
    error,
    took_ms: ms,
    happened_at: toInstant(at),
    tried_at: toInstantOrNull(tried),
    next_at: state === "w" && next > 0 ? toInstant(next) : null,
  };
}
