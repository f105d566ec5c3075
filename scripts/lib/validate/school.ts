import { z } from "zod";
import { type ApiClient, api } from "../api-client.ts";
import { courseDocument } from "./course.ts";

const freshnessSchema = z.looseObject({
  stale: z.looseObject({ snapshots: z.int() }),
  marking: z.array(z.unknown()),
  queues: z.array(z.looseObject({ messages: z.int().nullable() })),
  dead_letters: z.int(),
  divergences: z.looseObject({ last_day: z.int() }),
});

/** What waits or is stale, as one number of each kind. */
export interface Backlog {
  stale: number;
  marking: number;
  queued: number;
  deadLetters: number;
  divergences: number;
}

/** Attempts of what the operator does: it must happen, also while the service is being started again. */
const ATTEMPTS = 30;
const RETRY_MS = 1_000;

/** What the validation does as author and operator. */
export class School {
  readonly course: string;
  readonly #admin: ApiClient;
  #edition = 0;

  constructor(url: string, adminToken: string, course: string) {
    this.course = course;
    this.#admin = api(url, adminToken);
  }

  async open(): Promise<void> {
    await this.#must(() => this.#admin.post("/api/v1/courses", { slug: this.course, title: "Validation" }), [201, 409]);
    await this.publish();
  }

  async publish(): Promise<void> {
    this.#edition += 1;
    const document = courseDocument(this.course, this.#edition);
    await this.#must(() => this.#admin.post(`/api/v1/courses/${this.course}/versions`, { document }), [200, 201]);
  }

  async setSwitch(percent: number): Promise<void> {
    const body = { realtime_percent: percent, reason: "a step of the validation" };
    await this.#must(() => this.#admin.put("/api/v1/system/switches/realtime-reads", body), [200]);
  }

  /** Null when the service does not say. */
  async backlog(): Promise<Backlog | null> {
    const answer = await this.#admin.get("/api/v1/system/freshness").catch(() => null);
    const read = freshnessSchema.safeParse(answer?.body);
    if (answer?.status !== 200 || !read.success) return null;
    const { stale, marking, queues, dead_letters, divergences } = read.data;
    return {
      stale: stale.snapshots,
      marking: marking.length,
      queued: queues.reduce((sum, { messages }) => sum + (messages ?? 0), 0),
      deadLetters: dead_letters,
      divergences: divergences.last_day,
    };
  }

  async #must(call: () => Promise<{ status: number; body: unknown }>, expected: readonly number[]): Promise<void> {
    let last = "no answer";
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const answer = await call().catch(() => null);
      if (answer !== null && expected.includes(answer.status)) return;
      if (answer !== null) last = `${answer.status} ${JSON.stringify(answer.body)}`;
      if (answer !== null && answer.status < 500 && answer.status !== 429) break;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    throw new Error(`the validation cannot go on: ${last}`);
  }
}
