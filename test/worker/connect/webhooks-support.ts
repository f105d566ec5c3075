import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { vi } from "vitest";
import { z } from "zod";
import { deliveryView, shownHookView } from "../../../src/connect/webhooks/shapes.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { AUTHOR, deliver, enroll, freshSlug, project, publish } from "../../support/worker/courses.ts";
import { call, read, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder } from "../../support/worker/learners.ts";

export const shown = z.strictObject(shownHookView.shape);
export const deliveries = z.strictObject({
  results: z.array(z.strictObject(deliveryView.shape)),
  next_cursor: z.string().nullable(),
});
const told = z.strictObject({ type: z.string(), timestamp: z.iso.datetime(), data: z.record(z.string(), z.unknown()) });

/** What a receiver was sent, after its signature was checked. */
export interface Received {
  id: string;
  type: string;
  data: Record<string, unknown>;
  signatures: number;
}

type Answer = (received: Received) => Response | Promise<Response>;

/**
 * Receivers of the outside world, by the library that they would use. Each has its own name, so tests share nothing.
 */
export class Receiver {
  readonly url: string;
  readonly got: Received[] = [];
  secret = "";
  answer: Answer = () => new Response(null, { status: 204 });
  /** What its name leads to. */
  address = "93.184.215.14";

  constructor(name: string) {
    this.url = `https://${name}-${crypto.randomUUID().slice(0, 8)}.example.org/hook`;
    receivers.set(new URL(this.url).hostname, this);
  }

  async take(init: RequestInit | undefined): Promise<Response> {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const body = String(init?.body);
    const { type, data } = told.parse(new Webhook(this.secret).verify(body, headers));
    const signatures = (headers["webhook-signature"] ?? "").split(" ").length;
    const received = { id: headers["webhook-id"] ?? "", type, data, signatures };
    this.got.push(received);
    const signal = init?.signal ?? new AbortController().signal;
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new DOMException("aborted", "TimeoutError"))),
    );
    return Promise.race([Promise.resolve(this.answer(received)), aborted]);
  }

  types(): string[] {
    return this.got.map(({ type }) => type);
  }
}

const receivers = new Map<string, Receiver>();

/** From here on, what the Worker fetches goes to the receivers. */
export function outside(): void {
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = new URL(String(input));
    if (url.hostname === "cloudflare-dns.com") {
      const data = receivers.get(url.searchParams.get("name") ?? "")?.address;
      const isAsked = url.searchParams.get("type") === "A" && data !== undefined;
      return Response.json({ Answer: isAsked ? [{ type: 1, data }] : [] });
    }
    const receiver = receivers.get(url.hostname);
    if (receiver === undefined) throw new TypeError("no such host");
    return receiver.take(init);
  });
}

export const TYPES = [
  "item.unlocked",
  "item.completed",
  "item.relocked",
  "enrollment.created",
  "submission.graded",
  "course.published",
] as const;

/** Subscribes a receiver to a course; null: to all courses. */
export async function subscribe(
  course: string | null,
  receiver: Receiver,
  types: readonly string[] = TYPES,
  [user, role]: readonly [string, Role] = course === null ? ["root", "admin"] : [AUTHOR, "author"],
) {
  const path = course === null ? "/webhooks" : `/courses/${course}/webhooks`;
  const body = { url: receiver.url, types };
  const made = await read(await call("POST", path, { token: await tokenOf(user, role), body }), 201, shown);
  receiver.secret = made.secret;
  return made;
}

/** Runs the deliveries of a subscription. */
export const run = (id: string) => deliver("latchkey-webhooks", [{ type: "webhooks", subscription: id }]);

export async function hookOf(id: string, user = AUTHOR, role: Role = "author") {
  const { secret: _secret, ...shape } = shown.shape;
  return read(await call("GET", `/webhooks/${id}`, { token: await tokenOf(user, role) }), 200, z.strictObject(shape));
}

export async function deliveriesOf(id: string, query = "") {
  const token = await tokenOf(AUTHOR, "author");
  return read(await call("GET", `/webhooks/${id}/deliveries${query}`, { token }), 200, deliveries);
}

/** As if so much time had passed for the deliveries of a subscription. */
export async function later(id: string, ms: number): Promise<void> {
  const { everyShard } = await import("../../../src/platform/database/shards.ts");
  await env.DB.prepare(
    `UPDATE webhook_subscriptions SET paused_until = max(paused_until - ?2, 0), lease_until = max(lease_until - ?2, 0),
      failing_since = failing_since - ?2 WHERE id = ?1`,
  )
    .bind(id, ms)
    .run();
  for (const { db } of everyShard(env)) {
    await db
      .prepare(
        `UPDATE webhook_pages SET due_at = max(due_at - ?2, 0), events = (SELECT json_group_array(json_set(value,
          '$.since', value ->> 'since' - ?2, '$.next', max(coalesce(value ->> 'next', 0) - ?2, 0))) FROM json_each(events))
        WHERE subscription = ?1 AND due_at IS NOT NULL`,
      )
      .bind(id, ms)
      .run();
  }
}

export const author = () => tokenOf(AUTHOR, "author");

export async function course(): Promise<string> {
  const slug = freshSlug("hooks");
  await publish(ladder(slug));
  return slug;
}

/** Enrolls somebody, and completes some chapters of the ladder. */
export async function goes(slug: string, user: string, chapters: readonly string[]): Promise<void> {
  for (const chapter of chapters) {
    await completed(slug, user, chapter);
    await project(slug, user);
  }
}

export async function comes(slug: string, user: string): Promise<void> {
  await enroll(slug, user);
  await project(slug, user);
}
