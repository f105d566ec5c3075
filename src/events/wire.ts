import { z } from "@hono/zod-openapi";
import { ROLES } from "../platform/roles.ts";
import type { Gap } from "./contract.ts";
import { formatPosition, parsePosition } from "./cursor.ts";
import type { EventGroup } from "./log.ts";
import { preferencesSchema } from "./shapes.ts";
import { EVENT_TYPES, LEVELS, type LoggedEvent, type Position, PRIORITIES } from "./types.ts";

// What travels over the WebSocket between a log's object and the Worker that ends the stream. Both run one version of
// the code except in the minutes of a gradual release, so members are only ever added and the unknown is ignored.

const positionSchema = z.object({ epoch: z.string(), seq: z.int() });
const kindSchema = z.object({
  type: z.enum(EVENT_TYPES),
  level: z.enum(LEVELS),
  priority: z.enum(PRIORITIES),
  roles: z.array(z.enum(ROLES)).nullable(),
  /** An older object knows of none. */
  topic: z.string().nullable().default(null),
});
const placeSchema = z.object({ epoch: z.string(), seq: z.int(), at: z.number() });
const eventSchema = z.object({
  ...placeSchema.shape,
  ...kindSchema.shape,
  data: z.string(),
  subject: z.string().nullable(),
});
/** This code does not send an event of a type that only newer code knows; it goes on past it. */
const strangerSchema = placeSchema.transform((place) => ({ ...place, type: null }));

/** How a log takes up a reader. */
const joinSchema = z.object({
  /** Where the reader starts: its own position, or the head when it had none or there is a gap. */
  from: positionSchema,
  head: positionSchema,
  /** Events kept between the two. */
  missed: z.int(),
  /** The same, counted by what decides who receives them; an older object says only how many. */
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
   * `after`: the sequence number that these follow without a hole; a reader that is not there has missed something. An
   * older object does not say. `more`: the reader asks for the rest when it has room ({@link askForMore}).
   */
  z.object({
    t: z.literal("events"),
    after: z.int().optional(),
    events: z.array(z.union([eventSchema, strangerSchema])),
    more: z.boolean(),
  }),
  z.object({ t: z.literal("preferences"), preferences: preferencesSchema }),
  /** {@link PROBE}: how is your reader? Answered with {@link probeAnswer}. */
  z.object({ t: z.literal("probe") }),
  z.object({ t: z.literal("end"), event: z.enum(["stream.evicted", "stream.closing"]), reason: z.string() }),
]);
export type LogMessage = z.output<typeof messageSchema>;

/** Messages read lately. A broadcast reaches every stream of an isolate as the same text: it is read once. */
const lately = new Map<string, LogMessage>();
const MAX_LATELY = 16;
/** Longer ones are not kept. A page of a burst is: every stream that has fallen behind asks for the same. */
const MAX_KEPT_CHARACTERS = 160_000;

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

/** Events that follow `after` without a hole, as one message. */
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

/** The sequence number after which a reader wants to go on; null for any other message. */
export function readMoreRequest(text: string): number | null {
  if (!text.startsWith(MORE_REQUEST)) return null;
  const seq = Number(text.slice(MORE_REQUEST.length));
  return Number.isSafeInteger(seq) && seq >= 0 ? seq : null;
}

/** Asks not to be pushed to: the reader is behind, and will ask for pages from where it is ({@link askForMore}). */
export const HOLD_REQUEST = "hold";

/** Asks a stream how it is: sent when one of several must go. */
export const PROBE = '{"t":"probe"}';
const PROBE_ANSWER = "probed ";

/** @param standingMs how long the last bytes handed to the reader have not been taken, ms; 0 when nothing waits. */
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

/** The receipt of a client that holds its socket itself: up to which byte it has what it was sent; null: no receipt. */
export function readReceipt(text: string): number | null {
  if (!text.startsWith(RECEIPT)) return null;
  const bytes = Number(text.slice(RECEIPT.length));
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : null;
}

/** What the Worker sends along when it joins a reader to a log. */
export const joinRequestSchema = z.object({
  after: positionSchema.nullable(),
  /** The token that opened the stream, to be used up; absent for the broadcast log. */
  token: z
    .object({
      id: z.string(),
      expires_at: z.number(),
      session: z.string().nullable(),
      /** When the rights to its topics were asked for, epoch ms; a token without topics does not say. */
      asked_at: z.number().default(0),
    })
    .optional(),
  /** The device or page that opens it: a new stream of the same one takes the place of the old. */
  client: z.string().nullable().default(null),
  /** Topics that it brings beside what is the user's anyway; whoever sends this has asked for the rights. */
  topics: z.array(z.string()).default([]),
  /** Only if no other stream would have to go for it. */
  if_room: z.boolean().default(false),
  /** The client holds the socket itself: as whom, and where it is in both logs. Absent: a Worker ends the stream. */
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
