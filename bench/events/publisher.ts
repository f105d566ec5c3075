import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Pipeline } from "./pipeline.ts";
import { type Address, markText, now, type Published, userName } from "./protocol.ts";
import { bearer, post } from "./tokens.ts";

/** Publishing goes in steps of this length, so that a batch is what came up within it. */
const STEP_MS = 10;
/** Batches under way at a time; with more, the server is not asked faster, and what waits shows as delay. */
const MAX_UNDER_WAY = 16;
const MAX_BATCH = 500;
const RETRY_MS = 200;
const MAX_TRIES = 200;
const FLOOD_BATCH = 50;
const FLOOD_TEXT = "y".repeat(1_000);

/** One text to one user, or to everybody. */
interface Text {
  user: number | null;
  key: string;
  text: string;
}

const resultsSchema = z.object({ results: z.array(z.object({ status: z.string() })) });

/** Publishes at a given rate, whatever the server does, and repeats what is not answered: at least once. */
export class Publisher {
  readonly #address: Address;
  readonly #pipeline: Pipeline;
  #repeated = 0;

  constructor(address: Address) {
    this.#address = address;
    this.#pipeline = new Pipeline(address.port);
  }

  /** Texts to users 0 to `users - 1` in turn. Each is stamped when it is due, not when it gets its turn. */
  unicast(run: string, users: number, perSecond: number, seconds: number): Promise<Published> {
    return this.#atRate(perSecond, perSecond * seconds, (index, due) => {
      const user = index % users;
      const n = Math.floor(index / users) + 1;
      return { user, key: `${run}-${user}-${n}`, text: markText(run, n, due) };
    });
  }

  broadcast(run: string, perSecond: number, count: number): Promise<Published> {
    return this.#atRate(perSecond, count, (index, due) => {
      const n = index + 1;
      return { user: null, key: `${run}-${n}`, text: markText(run, n, due) };
    });
  }

  /** Texts of a kilobyte to one user, one batch after another. */
  async flood(user: number, count: number): Promise<Published> {
    const started = now();
    this.#repeated = 0;
    for (let sent = 0; sent < count; sent += FLOOD_BATCH) {
      const key = () => `flood-${crypto.randomUUID()}`;
      const batch = Array.from({ length: FLOOD_BATCH }, () => ({ user, key: key(), text: FLOOD_TEXT }));
      await this.#send(batch);
    }
    return { published: count, repeated: this.#repeated, startedAt: started };
  }

  async #atRate(perSecond: number, count: number, make: (index: number, due: number) => Text): Promise<Published> {
    const started = now();
    this.#repeated = 0;
    const underWay = new Set<Promise<void>>();
    let next = 0;
    while (next < count) {
      const texts: Text[] = [];
      while (next < count && started + (next / perSecond) * 1_000 <= now() && texts.length < MAX_BATCH) {
        texts.push(make(next, started + (next / perSecond) * 1_000));
        next += 1;
      }
      if (texts.length > 0) {
        const sending: Promise<void> = this.#send(texts).finally(() => underWay.delete(sending));
        underWay.add(sending);
      }
      if (underWay.size >= MAX_UNDER_WAY) await Promise.race(underWay);
      else if (texts.length < MAX_BATCH) await sleep(STEP_MS);
    }
    await Promise.all(underWay);
    return { published: count, repeated: this.#repeated, startedAt: started };
  }

  /** @throws when the server does not take them for a long time. */
  async #send(texts: readonly Text[]): Promise<void> {
    let left = texts;
    for (let tries = 1; ; tries += 1) {
      try {
        left = await this.#sendOnce(left);
        if (left.length === 0) return;
      } catch (fault) {
        if (tries >= MAX_TRIES) throw fault;
      }
      this.#repeated += left.length;
      await sleep(RETRY_MS);
    }
  }

  /** @returns those that were not taken. */
  async #sendOnce(texts: readonly Text[]): Promise<readonly Text[]> {
    const { kind, port, secret } = this.#address;
    if (kind === "nchan") {
      // It has no way to publish several texts at once.
      const taken = await Promise.allSettled(
        texts.map(({ user, text }) => this.#pipeline.post(`/pub/${user === null ? "everyone" : userName(user)}`, text)),
      );
      return texts.filter((_, at) => taken[at]?.status === "rejected");
    }
    if (kind === "better-sse") {
      const body = texts.map(({ user, text }) => (user === null ? { text } : { user: userName(user), text }));
      await post(port, "/", {}, JSON.stringify(body));
      return [];
    }
    const events = texts.map(({ user, key, text }) => ({
      key,
      to: user === null ? { everyone: true } : { user: userName(user) },
      type: "system.notification",
      data: { title: text },
    }));
    const headers = {
      authorization: `Bearer ${await bearer(secret, "bench-publisher", "service")}`,
      "content-type": "application/json",
    };
    const answer = await post(port, "/api/v1/events/publish", headers, JSON.stringify({ events }));
    const { results } = resultsSchema.parse(JSON.parse(answer));
    return texts.filter((_, at) => results[at]?.status === "unavailable");
  }
}
