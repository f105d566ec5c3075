import type { Contract } from "../targets/contract.ts";
import type { SseStream } from "./sse-stream.ts";

/** What a target may have. A case that needs what a target lacks is "not offered" there, which is no failure. */
export type Feature =
  /** What comes over the wire is an event stream: its headers, its comments, its heartbeats. */
  | "sse"
  /** Frames have ids, and a stream can be opened at one. */
  | "cursor"
  /** One publish reaches everybody. */
  | "broadcast"
  /** Keeps a bounded number of events, and the kit can make the oldest go. */
  | "eviction"
  /** The kit can kill it and start it again on what it had stored. */
  | "crash"
  /** Events can be asked for without a stream, in the same cursors. */
  | "history"
  /** Speaks all of docs/developers/events.md: tokens, limits, progress, idempotent publishing. */
  | "contract";

/** Where a publisher's own text gets into a frame. */
export type Field = "data" | "event name" | "key or id" | "level" | "receiver";

export type Receiver = { user: string } | "everyone";

export interface Publication {
  to: Receiver;
  /** Must arrive unaltered; where it is put is the target's affair. */
  text: string;
}

export interface Received {
  /** The cursor behind it. */
  id: string;
  text: string;
}

export interface OpenOptions {
  cursor?: string;
  /** Where the cursor stands; both to see which of two wins. */
  via?: "header" | "query";
  /** A second cursor in the other place. */
  otherCursor?: string;
}

/** What a resumed stream says of itself: nothing missing, a hole, or no word about it. */
export type Claim = "recovered" | "reset" | "silent";

/** The target said no to a publication: an answer, unlike a wrong frame. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** A target has no such thing, which shows only in the course of a case. */
export class NotOffered extends Error {
  override readonly name = "NotOffered";
}

/** A server under test, in the words all of them have in common. */
export interface Target {
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Opens a stream and returns when it will receive what is published from now on. */
  open(user: string, options?: OpenOptions): Promise<SseStream>;
  /** @throws Refused when the target takes none of them. */
  publish(publications: readonly Publication[]): Promise<void>;
  /** What a stream has received of what was published, in order. */
  received(stream: SseStream): Received[];
  claim(stream: SseStream): Claim;
  /** Publishes with a text of the publisher's choice in one field; a field that does not exist is left out. */
  readonly inject: Partial<Record<Field, (user: string, text: string) => Promise<void>>>;
  /** Makes the oldest events of a user go; those published before among them. */
  evict?(user: string): Promise<void>;
  /** What only those that speak docs/developers/events.md have. */
  readonly contract?: Contract;
  /** Kills every process without a chance to clean up, and starts again. */
  crash?(): Promise<void>;
}

/** What a case is run with: users nobody else has, and clean-up. */
export interface CaseContext {
  readonly target: Target;
  /** A user id that no other case has. */
  user(name?: string): string;
  /** Opens a stream that is cut when the case is over. */
  open(user: string, options?: OpenOptions): Promise<SseStream>;
  /** Has a stream cut when the case is over. */
  keep(stream: SseStream): SseStream;
}

export interface Case {
  group: string;
  name: string;
  needs: readonly Feature[];
  /** Mostly waiting: run beside each other, after the others. */
  isSlow?: boolean;
  /** Kills the server: run alone, last. */
  isViolent?: boolean;
  /** Longest run, milliseconds. */
  limitMs?: number;
  /** @throws when the target does not do what the case asks. */
  run(context: CaseContext): Promise<void>;
}

export type Verdict = "pass" | "FAIL" | "not offered";

export interface Outcome {
  group: string;
  name: string;
  verdict: Verdict;
  /** Why it failed. */
  reason?: string;
  ms: number;
}
