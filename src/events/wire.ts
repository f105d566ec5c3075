import { z } from "@hono/zod-openapi";
import { ROLES } from "../platform/roles.ts";
import type { Gap } from "./contract.ts";
import { formatPosition, parsePosition } from "./cursor.ts";
import type { EventGroup } from "./log.ts";
import { preferencesSchema } from "./shapes.ts";
import { EVENT_TYPES, LEVELS, type LoggedEvent, type Position, PRIORITIES } from "./types.ts";

// The messages on the WebSocket between a log's object and the Worker that ends the stream. Both run the same version
// of the code except in the minutes of a gradual release, so fields are only ever added and unknown ones are ignored.

const positionSchema = z.object({ epoch: z.string(), seq: z.int() });
const kindSchema = z.object({
  type: z.enum(EVENT_TYPES),
  level: z.enum(LEVELS),
  priority: z.enum(PRIORITIES),
  roles: z.array(z.enum(ROLES)).nullable(),
  /** An older object does not send it. */
  topic: z.string().nullable().default(null),
});
const placeSchema = z.object({ epoch: z.string(), seq: z.int(), at: z.number() });
const eventSchema = z.object({
  ...placeSchema.shape,
  ...kindSchema.shape,
  data: z.string(),
  subject: z.string().nullable(),
});
/** This code skips an event of a type that only newer code knows. */
const strangerSchema = placeSchema.transform((place) => ({ ...place, type: null }));

/** How a log accepts a reader. */
const joinSchema = z.object({
  /** The reader's start: its own position, or the head when it had none or there is a gap. */
  from: positionSchema,
  head: positionSchema,
  /** Kept events between the two. */
  missed: z.int(),
  /** The same, counted by the fields that decide who gets them; an older object sends only their number. */
  groups: z.array(kindSchema.extend({ count: z.int() })).optional(),
  gap: z.enum(["expired", "unknown", "rewound"]).nullable(),
  /** The latest event of each task that the reader asked for by its topic; absent from an older object. */
  states: z.array(z.union([eventSchema, strangerSchema])).optional(),
});
export type Join = {
  from: Position;
  head: Position;
  missed: number;
  groups?: EventGroup[] | undefined;
  gap: Gap | null;
  states?: (LoggedEvent | (Pick<LoggedEvent, "epoch" | "seq" | "at"> & { type: null }))[] | undefined;
};

const messageSchema = z.discriminatedUnion("t", [
  z.object({ t: z.literal("join"), join: joinSchema, preferences: preferencesSchema.optional() }),
  /**
   * `after`: the sequence number that these events follow without a gap; a reader at another place has missed
   * something. An older object does not send it. `more`: the reader asks for the others when it has room ({@link
   * askForMore}).
   */
  z.object({
    t: z.literal("events"),
    after: z.int().optional(),
    events: z.array(z.union([eventSchema, strangerSchema])),
    more: z.boolean(),
  }),
  z.object({ t: z.literal("preferences"), preferences: preferencesSchema }),
  /** {@link PROBE}: how is your reader? The answer is {@link probeAnswer}. */
  z.object({ t: z.literal("probe") }),
  z.object({ t: z.literal("end"), event: z.enum(["stream.evicted", "stream.closing"]), reason: z.string() }),
]);
export type LogMessage = z.output<typeof messageSchema>;

/**
 * Messages that were read lately. A broadcast reaches every stream of an isolate as the same text, so it is parsed
 * once.
 */
const lately = new Map<string, LogMessage>();
const MAX_LATELY = 16;
/** Longer ones are not kept here, except a page of a burst: every stream that is behind asks for the same one. */
const MAX_KEPT_CHARACTERS = 160_000;

/**
 * The object's message, or null for one that this code does not know. Other streams may share it: it must not be
 * changed.
 */
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

/** Events after `after` without a gap, as one message. */
export function eventMessage(after: number, events: readonly LoggedEvent[], more: boolean): string {
  return JSON.stringify({ t: "events", after, events: [...events], more } satisfies LogMessage);
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

/** The sequence number after which a reader wants to continue; null for any other message. */
export function readMoreRequest(text: string): number | null {
  if (!text.startsWith(MORE_REQUEST)) return null;
  const seq = Number(text.slice(MORE_REQUEST.length));
  return Number.isSafeInteger(seq) && seq >= 0 ? seq : null;
}

/** Asks the object not to push: the reader is behind, and will ask for pages from its place ({@link askForMore}). */
export const HOLD_REQUEST = "hold";

/** Asks a stream how it is, when one of several must be ended. */
export const PROBE = '{"t":"probe"}';
const PROBE_ANSWER = "probed ";

/** @param standingMs for how long the reader has not read the last bytes, ms; 0 when nothing waits. */
export function probeAnswer(standingMs: number): string {
  return `${PROBE_ANSWER}${Math.round(standingMs)}`;
}

/** The standing time of a {@link probeAnswer}, ms; null for any other message. */
export function readProbeAnswer(text: string): number | null {
  if (!text.startsWith(PROBE_ANSWER)) return null;
  const standing = Number(text.slice(PROBE_ANSWER.length));
  return Number.isSafeInteger(standing) && standing >= 0 ? standing : null;
}

const RECEIPT = "ack ";

/** The receipt of a client that holds its socket itself: the number of bytes that it has got; null: no receipt. */
export function readReceipt(text: string): number | null {
  if (!text.startsWith(RECEIPT)) return null;
  const bytes = Number(text.slice(RECEIPT.length));
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
}

/** The fields that the Worker sends when it joins a reader to a log. */
export const joinRequestSchema = z.object({
  after: positionSchema.nullable(),
  /** The token of the stream, to be used up; absent for the broadcast log. */
  token: z
    .object({
      id: z.string(),
      expires_at: z.number(),
      session: z.string().nullable(),
      /** When the rights to its topics were checked, epoch ms; a token without topics does not have it. */
      asked_at: z.number().default(0),
    })
    .optional(),
  /** The device or page that opens it: a new stream of the same one replaces the old one. */
  client: z.string().nullable().default(null),
  /** Topics besides the user's own events; the sender has checked the rights. */
  topics: z.array(z.string()).default([]),
  /** Only if no other stream must be ended for it. */
  if_room: z.boolean().default(false),
  /** The client holds the socket itself: its user, and its position in both logs. Absent: a Worker ends the stream. */
  direct: z
    .object({
      role: z.enum(ROLES),
      cursor: z.union([z.object({ user: positionSchema, broadcast: positionSchema }), z.literal("unknown")]).nullable(),
    })
    .optional(),
});
export type JoinRequest = z.input<typeof joinRequestSchema>;
export type JoinWish = z.output<typeof joinRequestSchema>;
export const JOIN_HEADER = "x-latchkey-join";
