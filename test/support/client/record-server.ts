/** An item as a server would keep it. */
interface Stored {
  version: number;
  text: unknown;
}

export interface Received {
  kind: "sessions" | "tasks";
  key: string;
  ids: string[];
}

type Disturbance = "lost" | "unanswered" | Response;

/**
 * A server of batches, in memory, as a `fetch`: keeps versions, replays answers by key. Disturbances are taken in turn:
 * a request that never arrives, an answer that gets lost after the deed, or another answer instead.
 */
export class RecordServer {
  readonly items = new Map<string, Stored>();
  readonly received: Received[] = [];
  /** Times an item was written beyond the first of its version: each is a broken promise. */
  doubles = 0;
  readonly disturbances: Disturbance[] = [];
  /** Ids that are not valid. */
  readonly invalid = new Set<string>();
  readonly #answers = new Map<string, string>();

  readonly fetch: typeof fetch = async (input, init) => {
    const kind = String(input).includes("/sessions/") ? "sessions" : "tasks";
    const key = new Headers(init?.headers).get("idempotency-key") ?? "";
    const disturbance = this.disturbances.shift();
    if (disturbance === "lost") throw new TypeError("connection refused");
    if (disturbance instanceof Response) return disturbance;
    const body: Record<string, { session_id: string; task_id?: string; version: number; source_text?: string }[]> =
      JSON.parse(String(init?.body));
    const answer = this.#take(kind, key, body[kind] ?? []);
    if (disturbance === "unanswered") throw new TypeError("connection reset");
    return new Response(answer, { status: 200, headers: { "content-type": "application/json" } });
  };

  #take(
    kind: Received["kind"],
    key: string,
    items: { session_id: string; task_id?: string; version: number; source_text?: string }[],
  ): string {
    this.received.push({ kind, key, ids: items.map((item) => item.task_id ?? item.session_id) });
    const stored = this.#answers.get(key);
    if (stored !== undefined) return stored;
    const results = items.map((item) => {
      const id = item.task_id ?? item.session_id;
      if (this.invalid.has(id)) return { id, status: "invalid", error: { rule: "too_big", message: "too big" } };
      const before = this.items.get(id);
      if (before !== undefined && item.version <= before.version) {
        if (item.version === before.version) this.doubles += 1;
        return { id, status: item.version === before.version ? "duplicate" : "stale" };
      }
      this.items.set(id, { version: item.version, text: item.source_text });
      return { id, status: before === undefined ? "created" : "updated" };
    });
    const answer = JSON.stringify({ results, accepted: results.length, rejected: 0, journal_seq: 1 });
    this.#answers.set(key, answer);
    return answer;
  }
}
