export type ConnectionState =
  /** The first connection is being made. */
  | "connecting"
  /** Events arrive as they happen. */
  | "live"
  /** The stream was cut; it is being opened again. */
  | "reconnecting"
  /** The stream does not get through; the history is asked instead, and the stream tried again now and then. */
  | "polling"
  /** No network, no answer, or nobody looking (`reason` says which). */
  | "offline"
  /**
   * The server ended this stream: the session is over, or there are too many streams. Of too many, this one asks the
   * history now and then, and comes back when there is room.
   */
  | "evicted"
  /** What answers is no event service, or wants no stream (`reason` says which). Nothing is tried any more. */
  | "refused"
  | "stopped";

export interface StreamStatus {
  readonly state: ConnectionState;
  /** Which try to reconnect this is; 0 while there is nothing to repair. */
  readonly attempt: number;
  /** Tries before polling takes over. */
  readonly of: number;
  /** Whether this tab holds the connection that its tabs share. */
  readonly leader: boolean;
  /** Why it is `offline`, `evicted`, `refused`, or for good `polling`. */
  readonly reason: StatusReason | null;
}

export type StatusReason =
  | "no_network"
  | "unreachable"
  /** The server answers, but takes no token of ours. */
  | "unauthenticated"
  | "hidden"
  | "too_many_streams"
  | "session_ended"
  /** The address answers, but not with an event stream. */
  | "not_a_stream"
  /** The server answered 204: it wants this client to stop. */
  | "no_content";

/** Whether two statuses say the same. */
export function isSameStatus(a: StreamStatus, b: StreamStatus): boolean {
  return a.state === b.state && a.attempt === b.attempt && a.leader === b.leader && a.reason === b.reason;
}
