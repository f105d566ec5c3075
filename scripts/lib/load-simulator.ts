import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type ApiClient, api } from "./api-client.ts";
import { clientFor, enroll, ensureSampleCourse, SAMPLE_AUTHOR, SAMPLE_COURSE } from "./demo.ts";

const listSchema = z.object({
  results: z.array(
    z.looseObject({
      id: z.string(),
      status: z.string(),
      is_locked: z.boolean().default(false),
      is_unlocked: z.boolean().default(false),
    }),
  ),
});
const tokenSchema = z.object({ stream_url: z.string() });

/** A few learners, a translator and a listener who use a running Latchkey: something of everything that is counted. */
export class LoadSimulator {
  readonly #url: string;
  readonly #secret: string;
  readonly #learners: { name: string; client: ApiClient }[] = [];
  #service: ApiClient | null = null;
  #admin: ApiClient | null = null;
  #stream: AbortController | null = null;
  #rounds = 0;

  constructor(url: string, secret: string) {
    this.#url = url;
    this.#secret = secret;
  }

  /** Publishes the sample course, enrolls learners, opens a stream. */
  async begin(learners: number): Promise<void> {
    await ensureSampleCourse(await clientFor(this.#url, this.#secret, SAMPLE_AUTHOR, "author"));
    for (let at = 0; at < learners; at += 1) {
      const name = `pupil-${at}`;
      const client = await clientFor(this.#url, this.#secret, name, "learner");
      await enroll(client);
      this.#learners.push({ name, client });
    }
    this.#service = await clientFor(this.#url, this.#secret, "translator", "service");
    this.#admin = await clientFor(this.#url, this.#secret, "operator", "admin");
    await this.#listen();
  }

  /** Everybody does a little: reads, a chapter where one is open, records, an event. */
  async round(): Promise<void> {
    this.#rounds += 1;
    for (const { name, client } of this.#learners) {
      const chapters = `/api/v1/courses/${SAMPLE_COURSE}/chapters/`;
      const { results } = listSchema.parse((await client.get(chapters)).body);
      const problems = listSchema.parse((await client.get(`/api/v1/courses/${SAMPLE_COURSE}/problems/`)).body).results;
      const next = results.find(({ status, is_locked }) => !is_locked && status !== "completed");
      if (next !== undefined && Math.random() < 0.4) await client.post(`${chapters}${next.id}/mark_as_completed/`);
      const solved = problems.find(({ status, is_unlocked }) => is_unlocked && status !== "completed");
      if (solved !== undefined && Math.random() < 0.4) {
        const fact = { user_id: name, item: solved.id, completed: true, at: new Date().toISOString() };
        await this.#service?.post("/api/v1/progress/import", { facts: [fact] });
      }
    }
    const day = `translator:day-${this.#rounds}`;
    const session = { session_id: day, version: 1, status: "processing", source_language: "en", target_language: "zh" };
    await this.#service?.post("/api/v1/translation/sessions/batch", { sessions: [session, session] });
    const tasks = Array.from({ length: 20 }, (_, position) => ({
      task_id: `${day}:t${position}`,
      session_id: day,
      version: 1,
      status: "pending",
      position,
      source_text: "A sentence.",
    }));
    await this.#service?.post("/api/v1/translation/tasks/batch", { tasks });
    const notice = { type: "system.notification", data: { title: "A notice" } };
    const events = [{ key: `round-${this.#rounds}`, to: { user: "pupil-0" }, ...notice }];
    await this.#service?.post("/api/v1/events/publish", { events });
    await this.#learners[0]?.client.get("/api/v1/nowhere");
  }

  /** Invalidates the whole course: every snapshot is refreshed. */
  async invalidate(): Promise<void> {
    await this.#admin?.post(`/api/v1/courses/${SAMPLE_COURSE}/stale`);
  }

  async flush(): Promise<void> {
    await this.#service?.post("/api/v1/translation/flush");
  }

  end(): void {
    this.#stream?.abort();
  }

  /** Keeps one stream open, and takes what it brings. */
  async #listen(): Promise<void> {
    const token = await this.#learners[0]?.client.post("/api/v1/auth/sse-token");
    const { stream_url } = tokenSchema.parse(token?.body);
    this.#stream = new AbortController();
    const answer = await fetch(new URL(stream_url, this.#url), { signal: this.#stream.signal });
    const reader = answer.body?.getReader();
    const read = async () => {
      while (reader !== undefined && !(await reader.read()).done);
    };
    read().catch(() => undefined); // ended, by us or by a runtime that was killed
    await sleep(200);
  }
}

/** What /metrics says, with the token of the local installation. */
export async function readMetrics(url: string, token: string): Promise<string> {
  const answer = await api(url, token).get("/metrics");
  if (answer.status !== 200) throw new Error(`/metrics: ${answer.status}`);
  return z.string().parse(answer.body);
}
