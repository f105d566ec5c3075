import type { Gap } from "./log.ts";
import type { LoggedEvent, Position } from "./types.ts";

/** What became of a published event. */
export interface PublishOutcome {
  key: string | null;
  /**
   * stored: it has its place. duplicate: the key was published before, or the task has ended. coalesced: a newer tick
   * will stand for it. merged: it is told together with others of its course. unavailable: not stored, send it again.
   */
  status: "stored" | "duplicate" | "coalesced" | "merged" | "unavailable";
  /** Position in the receiver's log; the id under which D1 knows it. */
  id: string | null;
}

/** One log's part of a history page. */
export interface HistoryPage {
  gap: Gap | null;
  from: Position;
  head: Position;
  events: LoggedEvent[];
  more: boolean;
}
