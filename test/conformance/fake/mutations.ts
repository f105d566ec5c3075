/** One way to be wrong, and a case that has to notice. */
export interface Mutation {
  name: string;
  /** Part of the name of a case that must fail. */
  caughtBy: string;
}

export const MUTATIONS: readonly Mutation[] = [
  { name: "silent-gap", caughtBy: "cursor of an event that is gone" },
  { name: "trusting", caughtBy: "malformed cursor (random letters)" },
  { name: "clamps", caughtBy: "cursor from the future" },
  { name: "seam", caughtBy: "no gap and no duplicate at the seam" },
  { name: "inclusive", caughtBy: "cursor in the middle" },
  { name: "short-replay", caughtBy: "1500 missed events" },
  { name: "raw-data", caughtBy: "text with a line feed" },
  { name: "raw-key", caughtBy: "forged through the key or id" },
  { name: "reuse", caughtBy: "opens one stream and no second" },
  { name: "chatty", caughtBy: "answered the same" },
  { name: "query-wins", caughtBy: "the header wins" },
  { name: "evict-newest", caughtBy: "a third stream ends the oldest" },
  { name: "unbounded", caughtBy: "a reader that never reads" },
  { name: "lossy-lag", caughtBy: "a reader that stops reading" },
  { name: "no-beat", caughtBy: "heartbeats come in time" },
  { name: "tick-loss", caughtBy: "the last value before the end" },
  { name: "every-tick", caughtBy: "a few frames" },
  { name: "forgetful", caughtBy: "a repeated key is one event" },
  { name: "amnesia", caughtBy: "after a crash: everything acknowledged" },
  { name: "leak", caughtBy: "never reach another" },
  { name: "late-ok", caughtBy: "opens with :ok" },
  { name: "history-skips", caughtBy: "a cursor from the middle of pages" },
  { name: "role-blind", caughtBy: "to everyone with a role" },
];

/** Whether this run of the stand-in is to be wrong in this way. */
export function breaks(name: string): boolean {
  return process.env.FAKE_MUTATION === name;
}
