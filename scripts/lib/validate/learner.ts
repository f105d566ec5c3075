import { z } from "zod";
import { type ApiAnswer, type ApiClient, api } from "../api-client.ts";
import { chapterIds } from "./course.ts";
import type { Kind } from "./tally.ts";

const statesSchema = z.looseObject({
  states: z.record(z.string(), z.string()),
  snapshot: z.looseObject({ source: z.string() }),
});
const rowsSchema = z.looseObject({ results: z.array(z.looseObject({ id: z.string(), status: z.string() })) });
const whySchema = z.looseObject({ is_locked: z.boolean(), snapshot: z.looseObject({ source: z.string() }).optional() });
const deltaSchema = z.looseObject({ progress_seq: z.int(), unlocked: z.array(z.string()) });
const problemSchema = z.looseObject({ code: z.string() });

/** Attempts of a write that was not answered; each with the key of the first. */
const WRITE_ATTEMPTS = 60;
const RETRY_MS = 500;

export interface Recorder {
  request(kind: Kind, status: number, ms: number, source: string | null): void;
  /** An answer that contradicts an earlier answer to this learner. */
  wrong(what: string): void;
}

/** One learner, who knows what was acknowledged and finds every answer that says otherwise. */
export class Learner {
  readonly id: string;
  readonly #api: ApiClient;
  readonly #course: string;
  readonly #chapters: readonly string[];
  readonly #recorder: Recorder;
  #completed = 0;
  #seq = 0;
  #isWriting = false;

  constructor(url: string, token: string, id: string, course: string, recorder: Recorder) {
    this.id = id;
    this.#api = api(url, token);
    this.#course = course;
    this.#chapters = chapterIds(course);
    this.#recorder = recorder;
  }

  get isFinished(): boolean {
    return this.#completed === this.#chapters.length;
  }

  /** Whether {@link cheat} would ask anything: no write is under way, and a chapter is still locked. */
  get canCheat(): boolean {
    return !this.#isWriting && this.#completed + 2 < this.#chapters.length;
  }

  async enroll(): Promise<boolean> {
    const answer = await this.#write(`/api/v1/courses/${this.#course}/enrollments`, {});
    return answer !== null && answer.status < 300;
  }

  /** Reads in one of four ways and compares. While a write of this learner is under way, either answer is right. */
  async read(turn: number): Promise<void> {
    if (this.#isWriting) return;
    const [completed, seq] = [this.#completed, this.#seq];
    const isCurrent = () => !this.#isWriting && completed === this.#completed;
    const base = `/api/v1/courses/${this.#course}`;
    if (turn % 4 === 0) {
      const answer = await this.#send("read", () => this.#api.get(`${base}/unlocks?min_seq=${seq}`));
      const read = statesSchema.safeParse(answer?.body);
      if (answer?.status === 200 && isCurrent()) {
        this.#compare("states", (id) => (read.success ? read.data.states[id] : "unreadable"), completed);
      }
    } else if (turn % 4 === 3) {
      const asked = Math.min(completed + 1, this.#chapters.length - 1);
      const path = `${base}/items/${this.#chapters[asked]}/why?min_seq=${seq}`;
      const answer = await this.#send("read", () => this.#api.get(path));
      const read = whySchema.safeParse(answer?.body);
      if (answer?.status === 200 && isCurrent() && (!read.success || read.data.is_locked !== asked > completed)) {
        this.#recorder.wrong(`${this.id}: why of ${this.#chapters[asked]} after ${completed} completions`);
      }
    } else {
      const answer = await this.#send("read", () => this.#api.get(`${base}/chapters/?min_seq=${seq}`));
      const read = rowsSchema.safeParse(answer?.body);
      const byId = new Map(read.data?.results.map(({ id, status }) => [id, status]));
      if (answer?.status === 200 && isCurrent()) this.#compare("chapters", (id) => byId.get(id), completed);
    }
  }

  /** Completes the next chapter. Whatever happens to the answers, it must count once. */
  async complete(): Promise<void> {
    if (this.#isWriting || this.isFinished) return;
    this.#isWriting = true;
    try {
      const chapter = this.#chapters[this.#completed] ?? "";
      const next = this.#chapters[this.#completed + 1];
      const answer = await this.#write(this.#markPath(chapter), {}, `${this.id}:${this.#completed}`);
      if (answer === null || answer.status >= 300) return;
      const delta = deltaSchema.parse(answer.body);
      if (next !== undefined && !delta.unlocked.includes(next)) {
        this.#recorder.wrong(`${this.id}: completing ${chapter} did not open ${next}`);
      }
      this.#completed += 1;
      this.#seq = delta.progress_seq;
    } finally {
      this.#isWriting = false;
    }
  }

  /** Tries what is locked; it must be refused by that name. */
  async cheat(): Promise<void> {
    const locked = this.#chapters[this.#completed + 2];
    if (!this.canCheat || locked === undefined) return;
    const answer = await this.#send("write", () => this.#api.post(this.#markPath(locked), {}));
    if (answer === null || answer.status >= 500 || answer.status === 429) return;
    const problem = problemSchema.safeParse(answer.body);
    if (answer.status !== 403 || problem.data?.code !== "locked") {
      this.#recorder.wrong(`${this.id}: a locked chapter was answered ${answer.status}`);
    }
  }

  /** Looks up every promise once more. @returns whether the service knows exactly what it has acknowledged. */
  async reconcile(): Promise<boolean | null> {
    const path = `/api/v1/courses/${this.#course}/unlocks?min_seq=${this.#seq}`;
    const answer = await this.#send("read", () => this.#api.get(path));
    const read = statesSchema.safeParse(answer?.body);
    if (answer?.status !== 200 || !read.success) return null;
    return this.#chapters.every((id, at) => read.data.states[id] === this.#expected(at, this.#completed));
  }

  #markPath(chapter: string): string {
    return `/api/v1/courses/${this.#course}/chapters/${chapter}/mark_as_completed/`;
  }

  #expected(at: number, completed: number): string {
    return at < completed ? "completed" : at === completed ? "unlocked" : "locked";
  }

  #compare(what: string, stateOf: (id: string) => string | undefined, completed: number): void {
    for (const [at, id] of this.#chapters.entries()) {
      const [expected, given] = [this.#expected(at, completed), stateOf(id)];
      if (given === expected) continue;
      this.#recorder.wrong(`${this.id}: ${what}: ${id} is ${given}, not ${expected}, after ${completed} completions`);
      return;
    }
  }

  /** Asks until there is an answer, each time with the same key: what was done must not be done twice. */
  async #write(path: string, body: object, key = `${this.id}:enroll`): Promise<ApiAnswer | null> {
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS; attempt += 1) {
      const headers = { "idempotency-key": key };
      const answer = await this.#send("write", () => this.#api.post(path, body, { headers }));
      if (answer !== null && answer.status < 500 && answer.status !== 429) return answer;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random())));
    }
    this.#recorder.wrong(`${this.id}: ${path} was never answered`);
    return null;
  }

  async #send(kind: Kind, call: () => Promise<ApiAnswer>): Promise<ApiAnswer | null> {
    const started = performance.now();
    const answer = await call().catch(() => null);
    const source = answer?.headers.get("x-latchkey-source") ?? null;
    this.#recorder.request(kind, answer?.status ?? 0, performance.now() - started, source);
    return answer;
  }
}
