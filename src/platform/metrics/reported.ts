import type { CountedName } from "./catalog.ts";

/** The text of each counted metric, for readers of the metrics. Code that only counts does not load it. */
export interface Reported {
  help: string;
  /**
   * Label values that are reported from the start, at 0. Otherwise their first count would not be seen as an increase.
   */
  known?: readonly (readonly string[])[];
}

export const REPORTED: Readonly<Record<CountedName, Reported>> = {
  http_requests_total: { help: "Requests answered, by route pattern and status." },
  http_request_duration_seconds: { help: "Time until the headers of the answer, by route pattern." },
  version_requests_total: { help: "Requests answered by each version of the code: what the release check compares." },
  version_request_duration_seconds: { help: "Time until the headers of the answer, by version of the code." },
  chapter_unlock_snapshot_hits_total: {
    help: "Reads of chapters, whole snapshots and reasons, by where the answer came from.",
    known: [["snapshot"], ["recomputed"], ["realtime"], ["staff"], ["edge"]],
  },
  problem_unlock_snapshot_hits_total: {
    help: "Reads of problems, by where the answer came from.",
    known: [["snapshot"], ["recomputed"], ["realtime"], ["staff"], ["edge"]],
  },
  chapter_unlock_refresh_duration_seconds: { help: "Time of one refresh in the background, of whole courses." },
  problem_unlock_refresh_duration_seconds: { help: "Time of one refresh in the background, of problems." },
  chapter_unlock_stale_snapshots_total: {
    help: "Snapshots found stale: by a read, which recomputes them in place, or by a sweep of whole courses.",
    known: [["read"], ["sweep"]],
  },
  problem_unlock_stale_snapshots_total: {
    help: "Snapshots found stale by a read of problems, or by the sweep of problems.",
    known: [["read"], ["sweep"]],
  },
  unlock_shadow_checks_total: {
    help: "Reads evaluated a second time from D1: equal, lagging (D1 was behind, not compared) or diverged.",
    known: [["equal"], ["lagging"], ["diverged"]],
  },
  unlock_projection_lag_seconds: { help: "Time from the commit in an enrollment object to its confirmation by D1." },
  items_completed_total: {
    help: "Chapters and problems completed for the first time by a learner.",
    known: [["chapter"], ["problem"]],
  },
  items_unlocked_total: { help: "Items that opened for a learner.", known: [[]] },
  items_locked_total: { help: "Items that closed for a learner.", known: [[]] },
  enrollments_started_total: { help: "New enrollments, and returns of learners.", known: [[]] },
  event_streams_total: {
    help: "What happened to event streams: opened, resumed, reset, refused, evicted, lagged, closed.",
    known: [["opened"], ["resumed"], ["reset"], ["refused"], ["evicted"], ["lagged"], ["closed"]],
  },
  events_delivered_total: { help: "Events sent to streams.", known: [[]] },
  event_delivery_lag_seconds: { help: "Time from an event's log to a stream's queue, for live events." },
  queue_messages_let_go_total: {
    help: "Messages that only ask for work and failed their last retry: their sender sends them again.",
    known: [
      ["latchkey-projection"],
      ["latchkey-refresh"],
      ["latchkey-backup"],
      ["latchkey-insight"],
      ["latchkey-imports"],
      ["latchkey-mail"],
      ["latchkey-webhooks"],
    ],
  },
  dead_letters_dropped_total: {
    help: "Dead letters that were dropped: their queue had the most that are kept (full), or they were too old (old).",
    known: [
      ["latchkey-projection", "full"],
      ["latchkey-refresh", "full"],
      ["latchkey-events", "full"],
      ["latchkey-backup", "full"],
      ["latchkey-insight", "full"],
      ["latchkey-imports", "full"],
      ["latchkey-mail", "full"],
      ["latchkey-webhooks", "full"],
    ],
  },
  dependency_checks_total: { help: "Checks of dependencies: ok, failed, refused (the breaker was open)." },
  metrics_dropped_total: { help: "Counts that were dropped because there were too many series.", known: [[]] },
};
