import { callChannel } from "../events/index.ts";
import { logFault } from "../ops/logging.ts";
import { parseEnrollmentId } from "../shared/ids.ts";
import type { ProjectionMessage } from "./messages.ts";
import { noticesOf } from "./notices.ts";
import type { Outbox } from "./outbox.ts";
import { RESEND_MS } from "./state.ts";

/**
 * How long "nobody reads this learner's events" is believed, unless somebody reads the enrollment meanwhile: whoever opens
 * a page does, and then its stream. Else the first event comes a second later, through the queue. A call for each write
 * would cost as much as the write.
 */
const NOBODY_MS = 15_000;

/**
 * Tells others what a commit has put into the outbox: the queue, which brings somebody who asks what is owed, and the
 * learner's live events. All of it goes on beside the answer and may fail: the outbox keeps what is owed, and its
 * due-time is the net below. Only memory, of an object that may be dropped at any time.
 */
export class Announcements {
  readonly #env: () => Env;
  readonly #waitUntil: (work: Promise<unknown>) => void;
  readonly #outbox: Outbox;
  readonly #id: () => string;
  /** Until when (epoch ms) the last announcement to the queue is trusted to bring somebody who asks what is owed. */
  #announcedUntil = 0;
  /** Outbox row up to which the learner's live events know everything. */
  #toldUpTo = 0;
  #isTelling = false;
  /** Until when (epoch ms) the learner is taken to have no stream open: then the queue's consumer tells it in time. */
  #nobodyUntil = 0;

  /** @param env the object's bindings as they are now, `id` of the enrollment. */
  constructor(env: () => Env, waitUntil: (work: Promise<unknown>) => void, outbox: Outbox, id: () => string) {
    this.#env = env;
    this.#waitUntil = waitUntil;
    this.#outbox = outbox;
    this.#id = id;
  }

  get toldUpTo(): number {
    return this.#toldUpTo;
  }

  /** A commit has just succeeded: whoever is concerned is told of what it owes. */
  afterCommit(now: number): void {
    if (this.#outbox.hasNews) this.announce(now);
    if (this.#outbox.hasNotices) this.#waitUntil(this.#tellLearner());
  }

  /** Tells the queue that something is owed, unless it was told lately. Its failure costs only time. */
  announce(now: number): void {
    if (now < this.#announcedUntil) return;
    this.#announcedUntil = now + RESEND_MS;
    this.#waitUntil(
      this.#send().catch((fault: unknown) => {
        this.#announcedUntil = 0;
        logFault("announcement_failed", fault, { enrollment_id: this.#id() });
      }),
    );
  }

  /**
   * Tells the queue whatever it was told before.
   * @throws when the queue does not take it.
   */
  async announceAgain(now: number): Promise<void> {
    // Set before it is sent: a confirmation that overtakes the sending must have the last word.
    this.#announcedUntil = now + RESEND_MS;
    await this.#send();
  }

  /** D1 has what was collected. Whatever came after that was not announced, because the delivery was under way. */
  confirmed(): void {
    this.#announcedUntil = 0;
  }

  /** Somebody reads this enrollment, and may listen to its events as well. */
  somebodyReads(): void {
    this.#nobodyUntil = 0;
  }

  /** The object's memory was dropped. */
  forget(): void {
    this.#toldUpTo = 0;
  }

  /**
   * Tells the learner's live events right after the commit, beside the answer: a second faster than through the queue,
   * which tells what this could not (after a crash, say). One at a time, so that the order is the commits'.
   */
  async #tellLearner(): Promise<void> {
    if (this.#isTelling || Date.now() < this.#nobodyUntil) return;
    this.#isTelling = true;
    try {
      const { user } = parseEnrollmentId(this.#id());
      for (let isListening = true; isListening; ) {
        const rows = this.#outbox.pending().filter(({ id }) => id > this.#toldUpTo);
        const notices = noticesOf(this.#id(), rows, Date.now());
        if (notices.length === 0) return;
        const told = await callChannel(this.#env(), user, (stub) => stub.tell(notices));
        isListening = told.ok && told.value.listening;
        if (isListening) this.#toldUpTo = rows.at(-1)?.id ?? this.#toldUpTo;
        else if (told.ok) this.#nobodyUntil = Date.now() + NOBODY_MS;
      }
    } catch (fault) {
      logFault("learner_not_told", fault, { enrollment_id: this.#id() });
    } finally {
      this.#isTelling = false;
    }
  }

  async #send(): Promise<void> {
    await this.#env().PROJECTION_QUEUE.send({ type: "project", enrollment_id: this.#id() } satisfies ProjectionMessage);
  }
}
