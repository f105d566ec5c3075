import type { z } from "@hono/zod-openapi";
import type { Actor } from "../platform/http/context.ts";
import type { Outcome, OwnAction } from "./actions.ts";
import type { detailsSchema } from "./shapes.ts";

type Details = z.infer<typeof detailsSchema>;

/** An event to be recorded, in the form that the chain accepts. Instants in epoch ms. */
export interface NewEntry {
  /** A second entry with this key is not recorded. Keys of Latchkey start with a colon; no user id does. */
  key: string;
  action: string;
  occurred_at: number;
  actor: { id: string; role: string };
  target: { type: string; id: string };
  course: string | null;
  enrollment: string | null;
  request_id: string | null;
  outcome: Outcome;
  details: Details;
  /** The service that reports it; null for an event of Latchkey itself. */
  reported_by: string | null;
}

/** One of Latchkey's own entries: who did what to which thing. */
export interface OwnEntry {
  action: OwnAction;
  actor: Pick<Actor, "id" | "role"> | { id: string; role: string };
  target: { type: string; id: string };
  course?: string;
  enrollment?: string;
  request_id?: string | undefined;
  outcome?: Outcome;
  details?: Details;
  /** The part that makes this action unique, e.g. its number; without one, a random id. */
  unique?: string;
}

/** Completes one of Latchkey's own entries. */
export function ownEntry(entry: OwnEntry, now: number): NewEntry {
  const { id, role } = entry.actor;
  return {
    key: `:${entry.action}:${entry.unique ?? crypto.randomUUID()}`,
    action: entry.action,
    occurred_at: now,
    actor: { id, role },
    target: entry.target,
    course: entry.course ?? null,
    enrollment: entry.enrollment ?? null,
    request_id: entry.request_id ?? null,
    outcome: entry.outcome ?? "done",
    details: entry.details ?? {},
    reported_by: null,
  };
}
