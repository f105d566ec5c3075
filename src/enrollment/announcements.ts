import { callChannel, type KeptBack } from "../events/index.ts";
import type { ProjectionMessage } from "../mirror/index.ts";
import { parseEnrollmentId } from "../platform/ids.ts";
import { logFault } from "../platform/log.ts";
import { groupFor } from "./group-announcement.ts";
import { noticesOf } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxRow } from "./outbox-row.ts";
import type { Promised } from "./promises.ts";
import { RESEND_MS } from "./resend.ts";

/**
 * For this long it is assumed that nobody reads this learner's events, unless somebody reads the enrollment: a reader
 * who opens a page also opens its stream. Without this assumption, a call for each write would cost as much as the
 * write. If it is wrong, the first event comes a second later, through the queue.
 */
const NOBODY_MS = 15_000;
/**
 * The same if the channel takes the kept events before anybody reads. Then the call only makes sure that the channel
 * still knows.
 */
const GATHERED_MS = 600_000;

/** An announcement this soon after another one belongs to a burst, milliseconds. */
const BURST_MS = 5_000;
/** Seconds that it waits in the queue, so that everything the learner does in that time is delivered together. */
const BURST_DELAY_S = 2;

/**
 * Notifies others that a commit has put rows into the outbox: the queue, whose consumer then asks for the rows, and the
 * learner's live events. All of this happens beside the answer and may fail: the rows stay in the outbox, and its
 * due-time tries again. This state is only in memory, and the object may be dropped at any time.
 */
export class Announcements {
  readonly #env: () => Env;
  readonly #waitUntil: (work: Promise<unknown>) => void;
  readonly #outbox: Outbox;
  readonly #promised: Promised;
  readonly #id: () => string;
  /**
   * Until this instant (epoch ms) the last message to the queue is expected to bring a consumer for the pending rows.
   */
  #announcedUntil = 0;
  #announcedAt = 0;
  #confirmedAt = 0;
  /** The learner's live events have everything up to this outbox row. */
  #notifiedUpTo = 0;
  #isNotifying = false;
  /**
   * Until this instant (epoch ms) it is assumed that the learner has no open stream; the queue's consumer sends the
   * events.
   */
  #nobodyUntil = 0;
  /** How often it has taken something. */
  #gatherings = 0;

  /** @param env the object's bindings as they are now, `id` of the enrollment. */
  constructor(
    env: () => Env,
    waitUntil: (work: Promise<unknown>) => void,
    outbox: Outbox,
    promised: Promised,
    id: () => string,
  ) {
    this.#env = env;
    this.#waitUntil = waitUntil;
    this.#outbox = outbox;
    this.#promised = promised;
    this.#id = id;
  }

  get notifiedUpTo(): number {
    return this.#notifiedUpTo;
  }

  /** A commit has just succeeded: notifies all who must know of its pending rows. */
  afterCommit(now: number): void {
    if (this.#outbox.hasNews) this.announce(now);
    if (this.#outbox.hasNotices) this.#waitUntil(this.#notifyLearner());
  }

  /** Notifies the queue that rows are pending, unless it was notified lately. A failure costs only time. */
  announce(now: number): void {
    if (now < this.#announcedUntil) return;
    const delay = now < this.#announcedAt + BURST_MS ? BURST_DELAY_S : 0;
    this.#announcedAt = now;
    this.#announcedUntil = now + RESEND_MS;
    const id = this.#id();
    const queue = this.#env().PROJECTION_QUEUE;
    const group = groupFor(queue);
    const failed = (fault: unknown) => {
      this.#announcedUntil = 0;
      logFault("announcement_failed", fault, { enrollment_id: id });
    };
    if (group.add(id, { delay, failed }, now)) this.#waitUntil(group.sendSoon(queue));
  }

  /**
   * Notifies the queue, also when it was notified lately.
   * @throws if the queue does not accept it.
   */
  async announceAgain(now: number): Promise<void> {
    // Set before the message is sent, because a fast confirmation must have the last word.
    this.#announcedUntil = now + RESEND_MS;
    await this.#send();
  }

  /** D1 has the collected rows. Later rows were not announced, because the delivery was under way. */
  confirmed(now: number): void {
    this.#announcedUntil = 0;
    this.#confirmedAt = now;
  }

  /** When something was last confirmed, epoch ms: the remaining rows were requested at that moment. */
  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** Somebody reads this enrollment, and may also listen to its events. */
  somebodyReads(): void {
    this.#nobodyUntil = 0;
  }

  /** Whether live events may wait in the enrollment's row. */
  mayKeep(now: number): boolean {
    return now < this.#promised.now.nobody_until;
  }

  /**
   * Somebody listens: the events that the channel does not have yet.
   * @param commit runs a change in a transaction of the object.
   */
  kept(commit: (change: () => void) => void): KeptBack {
    this.#gatherings += 1;
    this.#nobodyUntil = 0;
    if (this.#promised.now.nobody_until > 0) commit(() => this.#promised.end("nobody"));
    const rows = this.#untold();
    return { events: noticesOf(this.#id(), rows, Date.now()), up_to: rows.at(-1)?.id ?? 0 };
  }

  /** The channel has all live events up to this outbox row. */
  sent(upTo: number): void {
    this.#notifiedUpTo = Math.max(this.#notifiedUpTo, upTo);
    this.#outbox.unsent.drop(this.#notifiedUpTo);
  }

  /** The object's memory was dropped. */
  forget(): void {
    this.#notifiedUpTo = 0;
  }

  /**
   * Sends the learner's live events right after the commit, beside the answer: a second faster than through the queue.
   * The queue sends the events that this could not send, for example after a crash. One at a time, so that events keep
   * the order of the commits.
   */
  async #notifyLearner(): Promise<void> {
    if (this.#isNotifying || this.#isNobodyThere(Date.now())) return;
    this.#isNotifying = true;
    try {
      const { user } = parseEnrollmentId(this.#id());
      for (let isListening = true; isListening; ) {
        const rows = this.#untold();
        const gatherings = this.#gatherings;
        const notices = noticesOf(this.#id(), rows, Date.now());
        if (notices.length === 0) return;
        const notified = await callChannel(this.#env(), user, (stub) => stub.tell(notices, this.#id()));
        isListening = notified.ok && notified.value.listening;
        if (isListening) this.sent(rows.at(-1)?.id ?? 0);
        // The answer did not consider listeners who have come since then.
        else if (gatherings !== this.#gatherings) isListening = true;
        else if (notified.ok) {
          const now = Date.now();
          if (notified.value.gathers === true) this.#promised.add({ nobody_until: now + GATHERED_MS });
          else this.#nobodyUntil = now + NOBODY_MS;
        }
      }
    } catch (fault) {
      logFault("learner_not_told", fault, { enrollment_id: this.#id() });
    } finally {
      this.#isNotifying = false;
    }
  }

  #isNobodyThere(now: number): boolean {
    return now < this.#nobodyUntil || this.mayKeep(now);
  }

  #untold(): OutboxRow[] {
    return [...this.#outbox.unsent.rows(), ...this.#outbox.pending()].filter(({ id }) => id > this.#notifiedUpTo);
  }

  async #send(): Promise<void> {
    await this.#env().PROJECTION_QUEUE.send({ type: "project", enrollment_id: this.#id() } satisfies ProjectionMessage);
  }
}
