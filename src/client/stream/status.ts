export type ConnectionState =
  /** The first connection is being made. */
  | "connecting"
  /** Events arrive as they happen. */
  | "live"
  /** The stream was lost and is being opened again. */
  | "reconnecting"
  /** No stream gets through. The history is polled instead, and the stream is tried again now and then. */
  | "polling"
  /** No network, no answer, or no visible tab (`reason` says which). */
  | "offline"
  /**
   * The server ended this stream: the session is over, or there are too many streams. In the second case it polls the
   * history now and then, and comes back when there is room.
   */
  | "evicted"
  /**
   * The answer does not come from an event service, or the service wants no stream (`reason` says which). No more tries
   * are made.
   */
  | "refused"
  | "stopped";

export interface StreamStatus {
  readonly state: ConnectionState;
  /** The number of this try to reconnect; 0 while there is no fault. */
  readonly attempt: number;
  /** Tries before polling takes over. */
  readonly of: number;
  /** Whether this tab holds the connection that the tabs share. */
  readonly leader: boolean;
  /** Why it is `offline`, `evicted` or `refused`, or `polling` for good. */
  readonly reason: StatusReason | null;
}

export type StatusReason =
  | "no_network"
  | "unreachable"
  /** The server answers, but does not accept our token. */
  | "unauthenticated"
  | "hidden"
  | "too_many_streams"
  | "session_ended"
  /** The address answers, but not with an event stream. */
  | "not_a_stream"
  /** The server answered 204: it wants this client to stop. */
  | "no_content";

/** Whether two statuses are equal. */
export function isSameStatus(a: StreamStatus, b: StreamStatus): boolean {
  return a.state === b.state && a.attempt === b.attempt && a.leader === b.leader && a.reason === b.reason;
}
