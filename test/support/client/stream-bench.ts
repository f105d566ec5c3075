import { EventStream } from "../../../src/client/event-stream.ts";
import type { LatchkeyEvent, ResetNotice } from "../../../src/client/event-types.ts";
import { memoryStorage } from "../../../src/client/stream/cursor-store.ts";
import type { EventStreamOptions, Timing } from "../../../src/client/stream/options.ts";
import { noSurroundings } from "../../../src/client/stream/surroundings.ts";
import type { EventServer } from "./event-server.ts";

/** Durations far shorter than in use. */
export const QUICK: Timing = {
  tokenTimeout: 1_000,
  // Long enough for a machine under load: tests about silence shorten them.
  firstByte: 1_000,
  firstByteMax: 4_000,
  heartbeatLate: 1_000,
  socketBeat: 300,
  stableAfter: 40,
  backoffBase: 4,
  backoffCap: 20,
  pollMin: 10,
  pollMax: 40,
  probeMin: 60,
  probeMax: 120,
  retryAfterMax: 5_000,
  // Nobody comes back from an eviction within a test that does not ask for it.
  returnMin: 60_000,
  returnMax: 300_000,
  evictedPoll: 30_000,
};

/** A stream with a record of everything its handlers received. */
export interface Listener {
  stream: EventStream;
  /** `data.n` of each event, in order. */
  numbers: unknown[];
  events: LatchkeyEvent[];
  resets: ResetNotice[];
  states: string[];
}

const started: EventStream[] = [];

/** Starts a stream against the server, with short durations and nothing around it. */
export function listen(server: EventServer, options: Partial<EventStreamOptions> = {}): Listener {
  const { surroundings, timing, ...rest } = options;
  const stream = new EventStream({
    baseUrl: server.url,
    getToken: () => "bearer",
    user: "ada",
    storage: memoryStorage(),
    timing: { ...QUICK, ...timing },
    surroundings: { ...noSurroundings(), ...surroundings },
    // Tests of sockets say so.
    webSocket: null,
    ...rest,
  });
  const listener: Listener = { stream, numbers: [], events: [], resets: [], states: [] };
  stream.on("*", (event) => {
    listener.events.push(event);
    listener.numbers.push(new Map(Object.entries(event.data)).get("n"));
  });
  stream.onReset((notice) => listener.resets.push(notice));
  stream.onStatus(({ state }) => {
    if (listener.states.at(-1) !== state) listener.states.push(state);
  });
  started.push(stream);
  stream.start();
  return listener;
}

/** Stops every stream that a test started. */
export function stopAll(): void {
  for (const stream of started.splice(0)) stream.stop();
}

/** Waits until something is so; fails with what it was about otherwise. */
export async function until(what: string, check: () => boolean, milliseconds = 3_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await pause(2);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
