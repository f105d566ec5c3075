import type { Position } from "./types.ts";
import type { Join, LogMessage } from "./wire.ts";

/** One of the two logs a stream reads. */
export interface Source {
  readonly name: "user" | "broadcast";
  readonly socket: WebSocket;
  join: Join | null;
  /** Up to where events were taken over. */
  position: Position;
  /** The log's head as it was last known. */
  head: Position;
  /** Messages that came before both logs had answered. */
  early: LogMessage[];
  /**
   * How it is fed. pushed: events come as they happen. behind: there is a next page in the log, to be asked for when the
   * reader has room. asked: that page is on its way. What is pushed meanwhile is in a later page again.
   */
  feed: "pushed" | "behind" | "asked";
  /** A question for the head stands open. */
  isAsked: boolean;
  /** Beats at which the head was ahead of the position, in a row. */
  behindBeats: number;
}

const NOWHERE: Position = { epoch: "", seq: 0 };

/** A log that has said nothing yet. */
export function sourceOf(name: Source["name"], socket: WebSocket): Source {
  return {
    name,
    socket,
    join: null,
    position: NOWHERE,
    head: NOWHERE,
    early: [],
    feed: "pushed",
    isAsked: false,
    behindBeats: 0,
  };
}

/**
 * Where a log stands. A head that was known before the last event is no news.
 */
export function furthest({ position, head }: Source): Position {
  return head.seq > position.seq ? head : position;
}
