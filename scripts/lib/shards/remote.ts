import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type ApiAnswer, type ApiClient, api } from "../api-client.ts";
import { CommandError, say } from "../backup/command.ts";
import { expect } from "../backup/remote.ts";
import { reason } from "../import/report.ts";
import { tokenFor } from "../import/server.ts";

/** In whose name local commands are given. */
const OPERATOR = "operator";
/** A server that restarts is asked again: so often, so far apart. */
const TRIES = 60;
const RETRY_MS = 1_000;

const moveSchema = z.object({
  course: z.string(),
  from: z.string(),
  to: z.string(),
  state: z.enum(["copying", "closing", "moved", "purging", "done"]),
  enrollments: z.int(),
  rows: z.int(),
  bytes: z.int(),
  purged_rows: z.int(),
  statements: z.int(),
  closed_ms: z.int().nullable(),
  waits_for: z.string().nullable(),
  started_at: z.string(),
  progressed_at: z.string(),
});
export type MoveView = z.infer<typeof moveSchema>;
const statusSchema = z.object({
  shards: z.array(
    z.object({
      shard: z.string(),
      courses: z.int(),
      enrollments: z.int(),
      bound: z.int(),
      share: z.number(),
      bytes: z.int().nullable(),
    }),
  ),
  moves: z.array(moveSchema),
});
export type ShardStatus = z.infer<typeof statusSchema>;
const placedSchema = z.object({ course: z.string(), shard: z.string(), enrollments: z.int() });
const pageSchema = z.object({ results: z.array(placedSchema), next_cursor: z.string().nullable() });
const estimateSchema = z.object({ enrollments: z.int(), rows: z.int(), bytes: z.int(), statements: z.int() });
const begunSchema = z.object({ move: moveSchema.nullable(), estimate: estimateSchema });

/** The databases of one deployment, through its API. */
export class RemoteShards {
  readonly #client: ApiClient;
  readonly #url: string;

  private constructor(url: string, client: ApiClient) {
    this.#url = url;
    this.#client = client;
  }

  /** @param token of an admin; without one, and only for a server on this machine, one is made with the local secret. */
  static async at(url: string, token: string | undefined): Promise<RemoteShards> {
    return new RemoteShards(url, api(url, await tokenFor({ url, token }, "admin", OPERATOR)));
  }

  async status(): Promise<ShardStatus> {
    return expect(await this.#ask((client) => client.get("/api/v1/system/shards")), statusSchema);
  }

  async courses(): Promise<z.infer<typeof placedSchema>[]> {
    const found: z.infer<typeof placedSchema>[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const query: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: z.infer<typeof pageSchema> = expect(
        await this.#ask((client) => client.get(`/api/v1/system/shards/courses?limit=1000${query}`)),
        pageSchema,
      );
      found.push(...page.results);
      cursor = page.next_cursor;
    }
    return found;
  }

  /** Begins a move, or joins it. @param dry_run nothing is changed: `move` is null. */
  async begin(course: string, to: string, dry_run = false): Promise<z.infer<typeof begunSchema>> {
    const body = { course, to, dry_run };
    return expect(await this.#ask((client) => client.post("/api/v1/system/shards/moves", body)), begunSchema);
  }

  /** Works some seconds on a move. @returns null when there is none any more. */
  async work(course: string): Promise<MoveView | null> {
    const answer = await this.#ask((client) => client.post(`/api/v1/system/shards/moves/${course}/work`));
    return answer.status === 404 ? null : expect(answer, moveSchema);
  }

  /** Asks a server that does not answer again: what it had done stays done. */
  async #ask(request: (client: ApiClient) => Promise<ApiAnswer>): Promise<ApiAnswer> {
    for (let failures = 0; ; ) {
      const answer = await request(this.#client).catch(reason);
      if (typeof answer !== "string" && (answer.status < 500 || answer.status === 507)) return answer;
      failures += 1;
      say(`${typeof answer === "string" ? answer : `${answer.request}: ${answer.status}`}; asking again`);
      if (failures === TRIES) {
        throw new CommandError(
          `${this.#url} does not answer. Run the same command again: it continues where it stopped.`,
        );
      }
      await sleep(RETRY_MS);
    }
  }
}
