import { type HookEvent, hookEventSchema } from "../../hooks/index.ts";
import { logEvent } from "../../platform/log.ts";
import { inParallel } from "../../platform/parallel.ts";
import { DOWN_AFTER, GIVE_UP_MS, nextTry, PARALLEL } from "./limits.ts";
import type { Tried } from "./send.ts";

/** A page as D1 has it. */
export interface Page {
  seq: number;
  events: string;
  due_at: number | null;
  revision: number;
}

/** What a run of deliveries knows so far. */
export class Run {
  readonly send: (event: HookEvent) => Promise<Tried>;
  /** Whose next event waits, and until when (epoch ms): what comes after it waits too. */
  readonly blocked = new Map<string, number>();
  readonly failingSince: number | null;
  /** Nothing else is tried after this instant, epoch ms. */
  readonly until: number;
  #down = 0;
  isGone = false;
  isDown = false;
  retryAfter: number | null = null;
  last: { at: number; status: number | null; error: string | null } | null = null;
  lastSuccess: number | null = null;
  /** When something is to be tried next, epoch ms. */
  next = Number.POSITIVE_INFINITY;

  constructor(send: (event: HookEvent) => Promise<Tried>, failingSince: number | null, until: number) {
    this.send = send;
    this.until = until;
    this.failingSince = failingSince;
  }

  /** Nothing else is tried in this run. */
  get isOver(): boolean {
    return this.isGone || this.isDown;
  }

  note({ outcome, status, error, retryAfter }: Tried, at: number): void {
    this.last = { at, status, error };
    if (outcome === "delivered") this.lastSuccess = at;
    if (outcome === "gone") this.isGone = true;
    this.#down = outcome === "down" ? this.#down + 1 : 0;
    if (this.#down >= DOWN_AFTER || (outcome === "down" && retryAfter !== null)) {
      this.isDown = true;
      this.retryAfter = retryAfter;
    }
  }
}

export function eventsIn(page: Pick<Page, "events">): HookEvent[] {
  return hookEventSchema.array().parse(JSON.parse(page.events));
}

/**
 * Delivers what is due of a page: each learner's events one after the other, several learners beside each other.
 * @returns the page as it is to be written down, or null where nothing was tried.
 */
export async function deliverPage(run: Run, page: Page): Promise<{ events: string; due_at: number | null } | null> {
  const events = eventsIn(page);
  const lines = Map.groupBy(
    events.filter(({ state }) => state === "w"),
    ({ about }) => about,
  );
  let isChanged = false;
  await inParallel([...lines.values()], PARALLEL, async (line) => {
    for (const event of line) if (await deliverNext(event)) isChanged = true;
  });
  const waiting = new Set(events.filter(({ state }) => state === "w").map(({ about }) => about));
  const dues = [...waiting].map((about) => run.blocked.get(about) ?? 0);
  const due_at = dues.length === 0 ? null : Math.min(...dues);
  if (due_at !== null) run.next = Math.min(run.next, due_at);
  // While the receiver is down, the subscription says when it goes on.
  if (due_at !== page.due_at && !run.isOver) isChanged = true;
  return isChanged ? { events: JSON.stringify(events), due_at } : null;

  /** @returns whether the event is changed. */
  async function deliverNext(event: HookEvent): Promise<boolean> {
    if (run.blocked.has(event.about)) return false;
    const now = Date.now();
    // It was tried, or the receiver was down all the time: nobody waits longer for it.
    if (now - event.since >= GIVE_UP_MS && (event.tries > 0 || isSilent())) {
      event.state = "f";
      event.error ??= "The receiver did not answer for three days.";
      return true;
    }
    if (run.isOver || now > run.until || event.next > now) {
      run.blocked.set(event.about, event.next);
      return false;
    }
    const tried = await run.send(event);
    const after = Date.now();
    run.note(tried, after);
    event.tries += 1;
    event.tried = after;
    event.status = tried.status;
    event.error = tried.error;
    event.ms = tried.ms;
    logEvent("webhook_tried", {
      event_id: event.id,
      type: event.type,
      outcome: tried.outcome,
      status: tried.status ?? 0,
    });
    if (tried.outcome === "delivered") event.state = "d";
    else if (after - event.since >= GIVE_UP_MS) event.state = "f";
    else {
      event.next = nextTry(event, after, Math.random());
      run.blocked.set(event.about, event.next);
    }
    return true;
  }

  /** Nothing has been taken for as long as this event waits at least. */
  function isSilent(): boolean {
    return run.failingSince !== null && run.lastSuccess === null && Date.now() - run.failingSince >= GIVE_UP_MS;
  }
}
