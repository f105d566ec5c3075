import { z } from "zod";

// What the parts of the bench say to each other. A published text carries when it was published and its number, so that
// whoever receives it knows how long it took and what is missing, without asking anybody.

/** Where a load process finds the server, and how it speaks to it. */
export const addressSchema = z.object({
  kind: z.enum(["latchkey", "nchan", "better-sse"]),
  /** Latchkey's readers hold WebSockets, not streams of Server-Sent Events. */
  overSockets: z.boolean(),
  port: z.int(),
  /** Latchkey's AUTH_SECRET; empty for the others. */
  secret: z.string(),
});
export type Address = z.infer<typeof addressSchema>;

/** A request to a load process; it answers each with one message. */
export const commandSchema = z.discriminatedUnion("do", [
  /** Opens streams of users `from` to `from + count - 1`, `width` at a time. */
  z.object({ do: z.literal("open"), from: z.int(), count: z.int(), width: z.int() }),
  /** Opens one stream that is never read. */
  z.object({ do: z.literal("freeze"), user: z.int() }),
  /** Forgets what was measured; counts texts of `run` from now on. */
  z.object({ do: z.literal("begin"), run: z.string() }),
  z.object({ do: z.literal("report") }),
  z.object({ do: z.literal("unicast"), run: z.string(), users: z.int(), perSecond: z.int(), seconds: z.number() }),
  z.object({ do: z.literal("broadcast"), run: z.string(), perSecond: z.number(), count: z.int() }),
  /** Events of a kilobyte to one user, as fast as they are taken. */
  z.object({ do: z.literal("flood"), user: z.int(), count: z.int() }),
]);
export type Command = z.infer<typeof commandSchema>;

export const openedSchema = z.object({
  tokenMs: z.array(z.number()),
  connectMs: z.array(z.number()),
  failed: z.int(),
});
export type Opened = z.infer<typeof openedSchema>;

export const reportSchema = z.object({
  open: z.int(),
  /** Streams that have come back since the last `begin`, and when the last of them did, on {@link now}'s clock. */
  back: z.int(),
  lastBackAt: z.number(),
  /** When the newest text arrived, on {@link now}'s clock. */
  lastAt: z.number(),
  unique: z.int(),
  duplicate: z.int(),
  latenciesMs: z.array(z.number()),
  /** For each number of a broadcast: receivers, and how long the last of them waited. */
  broadcasts: z.array(z.object({ n: z.int(), receivers: z.int(), lastMs: z.number() })),
  /** Frames about the stream itself, by name. */
  told: z.record(z.string(), z.int()),
});
export type Report = z.infer<typeof reportSchema>;

export const publishedSchema = z.object({
  /** Taken by the server. */
  published: z.int(),
  /** Sent again because no answer came. */
  repeated: z.int(),
  /** When publishing began, on {@link now}'s clock. */
  startedAt: z.number(),
});
export type Published = z.infer<typeof publishedSchema>;

const PAD = "x".repeat(150);
const MARK = /@@([^|@]+)\|(\d+)\|([\d.]+)@@/;

/** Milliseconds on a clock that all processes of the machine share. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A text of about 190 bytes. */
export function markText(run: string, n: number, at: number): string {
  return `@@${run}|${n}|${at.toFixed(3)}@@${PAD}`;
}

/** What a text says of itself; null for a text that says nothing. */
export function readMark(line: string): { run: string; n: number; at: number } | null {
  const [, run, n, at] = MARK.exec(line) ?? [];
  return run === undefined ? null : { run, n: Number(n), at: Number(at) };
}

export function userName(user: number): string {
  return `reader-${user}`;
}

/** An address of its own for each user, so that limits per address do not stand in the way. */
export function clientAddress(user: number): string {
  return `10.${(user >> 16) & 255}.${(user >> 8) & 255}.${user & 255}`;
}
