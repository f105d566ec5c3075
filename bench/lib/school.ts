import { type ApiAnswer, type ApiClient, api } from "../../scripts/lib/api-client.ts";
import { inParallel } from "../../src/platform/parallel.ts";
import type { BenchCourse } from "./dataset.ts";
import type { Server } from "./server.ts";

/** Enrollments and imports asked for at the same time. */
const WIDTH = 8;

/** Fills a server with courses and learners through its API, as anybody would. */
export class School {
  readonly server: Server;
  readonly admin: ApiClient;
  readonly service: ApiClient;

  private constructor(server: Server, admin: ApiClient, service: ApiClient) {
    this.server = server;
    this.admin = admin;
    this.service = service;
  }

  static async open(server: Server): Promise<School> {
    const client = async (user: string, role: "admin" | "service") => api(server.url, await server.token(user, role));
    return new School(server, await client("bench-admin", "admin"), await client("bench-service", "service"));
  }

  async publish(course: BenchCourse): Promise<void> {
    await must(this.admin.post("/api/v1/courses", { slug: course.slug, title: course.slug }));
    await must(this.admin.post(`/api/v1/courses/${course.slug}/versions`, { document: course.document }));
  }

  /** @returns the users' tokens, in order. */
  async enroll(course: string, users: readonly string[]): Promise<string[]> {
    await inParallel(users, WIDTH, async (user) => {
      await must(this.service.post(`/api/v1/courses/${course}/enrollments`, { user_id: user }));
    });
    return Promise.all(users.map((user) => this.server.token(user)));
  }

  async importFacts(facts: readonly object[]): Promise<void> {
    for (let start = 0; start < facts.length; start += 1_000) {
      await must(this.service.post("/api/v1/progress/import", { facts: facts.slice(start, start + 1_000) }));
    }
  }
}

/** The body of an answer that is a success. @throws with request, status and body otherwise. */
export async function must(answer: Promise<ApiAnswer>): Promise<unknown> {
  const { request, status, body } = await answer;
  if (status >= 300) throw new Error(`${request}: ${status} ${JSON.stringify(body)}`);
  return body;
}

export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);
}
