import type { Position } from "./types.ts";
import type { Join, LogMessage } from "./wire.ts";

/** One of the two logs a stream reads. */
export interface Source {
  readonly name: "user" | "broadcast";
  readonly socket: WebSocket;
  join: Join | null;
  /** The last event that was taken over. */
  position: Position;
  /** The last known head of the log. */
  head: Position;
  /** Messages that came before both logs had answered. */
  early: LogMessage[];
  /**
   * How it gets events. pushed: events come when they happen. behind: there is a next page in the log, to be requested
   * when the reader has room. asked: that page was requested. Events that are pushed meanwhile are in a later page
   * again.
   */
  feed: "pushed" | "behind" | "asked";
  /** The head was requested and has not come yet. */
  isAsked: boolean;
  /** Heartbeats in a row at which the head was after the position. */
  behindBeats: number;
}

const NOWHERE: Position = { epoch: "", seq: 0 };

/** The state before the log has answered. */
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

/** The place of a log. A head from before the last event is ignored. */
export function furthest({ position, head }: Source): Position {
  return head.seq > position.seq ? head : position;
}
