import { randomBytes } from "node:crypto";
import { z } from "zod";
import { breaks } from "./mutations.ts";

/** Events a log keeps. */
export const KEPT = 2_000;

const storedSchema = z.object({
  user: z.string().nullable(),
  key: z.string().nullable(),
  type: z.string(),
  priority: z.string(),
  roles: z.array(z.string()).nullable(),
  envelope: z.looseObject({}),
});
export type Stored = z.infer<typeof storedSchema>;

/** How far somebody has read in their own log and in everybody's. */
export interface Position {
  user: number;
  broadcast: number;
}

interface Log {
  floor: number;
  events: { seq: number; order: number; event: Stored }[];
}

/** Logs in memory, written to a file line by line and read back from it. */
export class Journal {
  readonly epoch: string;
  readonly #logs = new Map<string | null, Log>();
  readonly #keys = new Map<string, number>();
  readonly #write: (line: string) => void;
  #order = 0;

  constructor(earlier: string, write: (line: string) => void) {
    this.#write = write;
    const [first, ...lines] = earlier.split("\n").filter((line) => line !== "");
    // A server that has lost everything and does not know it would go on under its old epoch.
    this.epoch = breaks("amnesia") ? "constant" : (first ?? randomBytes(4).toString("hex"));
    if (first === undefined) write(`${this.epoch}\n`);
    for (const line of lines) this.#put(storedSchema.parse(JSON.parse(line)));
  }

  /** Stores an event. @returns its number, and false when its key was there before. */
  append(event: Stored): { seq: number; isNew: boolean } {
    const known = event.key === null ? undefined : this.#keys.get(`${event.user} ${event.key}`);
    if (known !== undefined && !breaks("forgetful")) return { seq: known, isNew: false };
    this.#write(`${JSON.stringify(event)}\n`);
    return { seq: this.#put(event), isNew: true };
  }

  head(user: string | null): number {
    return this.#log(user).events.at(-1)?.seq ?? this.#log(user).floor;
  }

  floor(user: string): Position {
    return { user: this.#log(user).floor, broadcast: this.#log(null).floor };
  }

  top(user: string): Position {
    return { user: this.head(user), broadcast: this.head(null) };
  }

  /** Events after a position, both logs merged in the order of publishing, each with the position behind it. */
  after(user: string, from: Position): { event: Stored; position: Position }[] {
    const position = { ...from };
    const own = this.#log(user).events.filter(({ seq }) => seq > from.user);
    const all = this.#log(null).events.filter(({ seq }) => seq > from.broadcast);
    return [...own, ...all]
      .sort((a, b) => a.order - b.order)
      .map(({ event, seq }) => {
        if (event.user === null) position.broadcast = seq;
        else position.user = seq;
        return { event, position: { ...position } };
      });
  }

  /** Where a cursor leads: its position, or the head with the reason why it leads nowhere. */
  resolve(user: string, cursor: string): { position: Position; gap: string | null } {
    const [, epoch, own, all] = /^([0-9a-z]+)-(\d+)\.(\d+)$/.exec(cursor) ?? [];
    const top = this.top(user);
    if (epoch !== `${this.epoch}.${user}`.replaceAll(/[^0-9a-z]/g, "")) {
      return { position: top, gap: breaks("trusting") ? null : "unknown" };
    }
    const position = { user: Number(own), broadcast: Number(all) };
    if (position.user > top.user || position.broadcast > top.broadcast) {
      return { position: top, gap: breaks("clamps") || breaks("amnesia") ? null : "rewound" };
    }
    const floor = this.floor(user);
    if (position.user < floor.user || position.broadcast < floor.broadcast) {
      return breaks("silent-gap") ? { position: floor, gap: null } : { position: top, gap: "expired" };
    }
    return { position, gap: null };
  }

  #put(event: Stored): number {
    const log = this.#log(event.user);
    const seq = this.head(event.user) + 1;
    this.#order += 1;
    log.events.push({ seq, order: this.#order, event });
    if (log.events.length > KEPT) log.floor = log.events.shift()?.seq ?? log.floor;
    if (event.key !== null) this.#keys.set(`${event.user} ${event.key}`, seq);
    return seq;
  }

  #log(user: string | null): Log {
    const found = this.#logs.get(user) ?? { floor: 0, events: [] };
    this.#logs.set(user, found);
    return found;
  }
}
