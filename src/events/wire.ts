import { z } from "@hono/zod-openapi";
import { ROLES } from "../shared/roles.ts";
import { type Cursor, formatPosition, parsePosition } from "./cursor.ts";
import type { Gap } from "./log.ts";
import { EVENT_TYPES, LEVELS, type LoggedEvent, type Position, PRIORITIES, preferencesSchema } from "./types.ts";

// What travels over the WebSocket between a log's object and the Worker that ends the stream. Both run one version of
// the code except in the minutes of a gradual release, so members are only ever added and the unknown is ignored.

const positionSchema = z.object({ epoch: z.string(), seq: z.int() });
const eventSchema = z.object({
  epoch: z.string(),
  seq: z.int(),
  at: z.number(),
  type: z.enum(EVENT_TYPES),
  level: z.enum(LEVELS),
  priority: z.enum(PRIORITIES),
  roles: z.array(z.enum(ROLES)).nullable(),
  data: z.string(),
  subject: z.string().nullable(),
});

/** How a log takes up a reader. */
export const joinSchema = z.object({
  /** Where the reader starts: its own position, or the head when it had none or there is a gap. */
  from: positionSchema,
  head: positionSchema,
  /** Events kept between the two. */
  missed: z.int(),
  gap: z.enum(["expired", "unknown", "rewound"]).nullable(),
});
export type Join = { from: Position; head: Position; missed: number; gap: Gap | null };

const messageSchema = z.discriminatedUnion("t", [
  z.object({ t: z.literal("join"), join: joinSchema, preferences: preferencesSchema.optional() }),
  /** `more`: the reader asks for the rest when it has room ({@link askForMore}). */
  z.object({ t: z.literal("events"), events: z.array(eventSchema), more: z.boolean() }),
  z.object({ t: z.literal("preferences"), preferences: preferencesSchema }),
  z.object({ t: z.literal("end"), event: z.enum(["stream.evicted", "stream.closing"]), reason: z.string() }),
]);
export type LogMessage = z.output<typeof messageSchema>;

/** Messages read lately. A broadcast reaches every stream of an isolate as the same text: it is read once. */
const lately = new Map<string, LogMessage>();
const MAX_LATELY = 16;
/** Longer ones (pages of replay) are not kept. */
const MAX_KEPT_CHARACTERS = 20_000;

/** The object's message, or null for one this code does not know. It may be shared with other streams: not to be changed. */
export function readMessage(text: string): LogMessage | null {
  const known = lately.get(text);
  if (known !== undefined) return known;
  const parsed = messageSchema.safeParse(JSON.parse(text));
  if (!parsed.success) return null;
  if (text.length <= MAX_KEPT_CHARACTERS) {
    if (lately.size >= MAX_LATELY) lately.clear();
    lately.set(text, parsed.data);
  }
  return parsed.data;
}

/** One message of one live event. */
export function eventMessage(events: readonly LoggedEvent[], more: boolean): string {
  return JSON.stringify({ t: "events", events: [...events], more } satisfies LogMessage);
}

/** Asks for the log's head. The platform answers it for a sleeping object: see LogSockets. */
export const HEAD_REQUEST = "head?";
const HEAD_ANSWER = "head ";

export function headAnswer(head: Position): string {
  return HEAD_ANSWER + formatPosition(head);
}

/** The head in an answer to {@link HEAD_REQUEST}; null for any other message. */
export function readHead(text: string): Position | null {
  return text.startsWith(HEAD_ANSWER) ? parsePosition(text.slice(HEAD_ANSWER.length)) : null;
}

const MORE_REQUEST = "more ";

export function askForMore(seq: number): string {
  return `${MORE_REQUEST}${seq}`;
}

/** The sequence number after which a reader wants to go on; null for any other message. */
export function readMoreRequest(text: string): number | null {
  if (!text.startsWith(MORE_REQUEST)) return null;
  const seq = Number(text.slice(MORE_REQUEST.length));
  return Number.isSafeInteger(seq) && seq >= 0 ? seq : null;
}

/** What the Worker sends along when it joins a reader to a log. */
export const joinRequestSchema = z.object({
  after: positionSchema.nullable(),
  /** The token that opened the door, to be burned; absent for the broadcast log. */
  token: z.object({ id: z.string(), expires_at: z.number(), session: z.string().nullable() }).optional(),
});
export type JoinRequest = z.output<typeof joinRequestSchema>;
export const JOIN_HEADER = "x-latchkey-join";

/** Both positions a stream may start from. */
export type StartCursor = Cursor | null;
