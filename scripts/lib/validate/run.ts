import { setTimeout as sleep } from "node:timers/promises";
import { Learner, type Recorder } from "./learner.ts";
import { type Event, type Phase, phasesOf, type Targets } from "./plan.ts";
import type { Backlog, School } from "./school.ts";
import { Tally } from "./tally.ts";

/** Requests under way at most: a service that hangs must not be buried. */
const MAX_IN_FLIGHT = 200;
/** Pace is kept in slices of this length, milliseconds. */
const SLICE_MS = 100;
/** Seconds after a fault of ours in which failing is forgiven, and counted apart. */
const FORGIVEN_S = 10;
/** Points of the report's curves. */
const POINTS = 60;
const WRONG_SHOWN = 20;
/** Reads for each completion, and completions for each attempt at something locked. */
const READS_PER_WRITE = 9;
const WRITES_PER_CHEAT = 10;
/** Learners who have finished and are looked up again at the end. */
const MAX_FINISHED = 2_000;

export interface ValidationPlan {
  totalMs: number;
  /** Requests a second in ordinary days. */
  rate: number;
  learners: number;
  targets: Targets;
  /** Longest time in which everything that waits must have drained, milliseconds. */
  drainMs: number;
}

export interface Surroundings {
  url(): string;
  token(user: string): Promise<string>;
  school: School;
  /** Kills the service and starts it again; null where it is not ours to kill. */
  killAndStart: (() => Promise<void>) | null;
  say(text: string): void;
}

interface Point {
  /** Seconds since the start. */
  at: number;
  requestsPerSecond: number;
  failedPerSecond: number;
  readP95: number;
}

export interface PhaseResult {
  phase: Phase;
  seconds: number;
  tally: Tally;
  events: { at: number; text: string }[];
  points: Point[];
  /** Most that was seen waiting. */
  worst: Backlog;
}

export interface Validation {
  plan: ValidationPlan;
  startedAt: Date;
  phases: PhaseResult[];
  wrong: string[];
  wrongCount: number;
  learners: number;
  completions: number;
  reconciled: { asked: number; right: number; unanswered: number };
  /** Seconds until nothing waited any more; null when it never came to that. */
  drainedAfter: number | null;
  before: Backlog | null;
  after: Backlog | null;
}

const NOTHING: Backlog = { stale: 0, marking: 0, queued: 0, deadLetters: 0, divergences: 0 };

/** Runs the three phases and looks everything up again at the end. */
export async function validate(plan: ValidationPlan, surroundings: Surroundings): Promise<Validation> {
  const run = new Run(plan, surroundings);
  return run.all();
}

class Run implements Recorder {
  readonly #plan: ValidationPlan;
  readonly #out: Surroundings;
  readonly #result: Validation;
  readonly #started = performance.now();
  #tally = new Tally();
  /** The same, since the last point of the curves. */
  #recent = new Tally();
  #forgivenUntil = 0;
  #inFlight = 0;
  #turn = 0;
  #happening: Promise<void> = Promise.resolve();
  #born = 0;
  #active: Learner[] = [];
  #finished: Learner[] = [];

  constructor(plan: ValidationPlan, out: Surroundings) {
    this.#plan = plan;
    this.#out = out;
    this.#result = {
      plan,
      startedAt: new Date(),
      phases: [],
      wrong: [],
      wrongCount: 0,
      learners: 0,
      completions: 0,
      reconciled: { asked: 0, right: 0, unanswered: 0 },
      drainedAfter: null,
      before: null,
      after: null,
    };
  }

  request(kind: "read" | "write", status: number, ms: number, source: string | null): void {
    const isForgiven = performance.now() < this.#forgivenUntil;
    for (const tally of [this.#tally, this.#recent]) tally.add(kind, status, ms, source, isForgiven);
  }

  wrong(what: string): void {
    this.#result.wrongCount += 1;
    if (this.#result.wrong.length < WRONG_SHOWN) this.#result.wrong.push(what);
    this.#out.say(`WRONG: ${what}`);
  }

  async all(): Promise<Validation> {
    const { school, say } = this.#out;
    await school.open();
    this.#result.before = await school.backlog();
    while (this.#active.length < this.#plan.learners) await this.#enrollOne();
    const phases = phasesOf(this.#plan.targets);
    for (const phase of phases) {
      say(`phase "${phase.name}": ${phase.purpose}`);
      this.#result.phases.push(await this.#phase(phase, this.#plan.totalMs / phases.length));
    }
    await this.#drain();
    await this.#reconcile();
    this.#result.learners = this.#born;
    this.#result.after = await school.backlog();
    return this.#result;
  }

  async #phase(phase: Phase, lengthMs: number): Promise<PhaseResult> {
    this.#tally = new Tally();
    this.#recent = new Tally();
    const result: PhaseResult = { phase, seconds: 0, tally: this.#tally, events: [], points: [], worst: NOTHING };
    const started = performance.now();
    const events = [...phase.events];
    const pointMs = lengthMs / POINTS;
    let [nextPoint, due, last] = [pointMs, 0, 0];
    for (;;) {
      const elapsed = performance.now() - started;
      if (elapsed >= lengthMs) break;
      const at = elapsed / lengthMs;
      while (events[0] !== undefined && events[0].at <= at) {
        const next = events.shift();
        // One after the other: a switch that is set while the service is being started again would never be felt.
        if (next !== undefined) this.#happening = this.#happening.then(() => this.#happen(next.event, result));
      }
      // By the time that has passed: a timer may fire a little early, or late.
      due += (this.#plan.rate * phase.load(at) * (elapsed - last)) / 1_000;
      last = elapsed;
      for (; due >= 1; due -= 1) this.#ask();
      if (elapsed >= nextPoint) {
        nextPoint += pointMs;
        void this.#point(result, pointMs);
      }
      await sleep(SLICE_MS);
    }
    await this.#happening;
    while (this.#inFlight > 0) await sleep(SLICE_MS);
    result.seconds = (performance.now() - started) / 1_000;
    return result;
  }

  /** One request more, of whoever's turn it is. */
  #ask(): void {
    if (this.#inFlight >= MAX_IN_FLIGHT) return;
    this.#turn += 1;
    const isWrite = this.#turn % (READS_PER_WRITE + 1) === 0;
    const isCheat = isWrite && (this.#turn / (READS_PER_WRITE + 1)) % WRITES_PER_CHEAT === 0;
    // Attempts at something locked are few: one must not fall to a learner who can make none.
    const able = isCheat ? this.#active.filter(({ canCheat }) => canCheat) : this.#active;
    const learner = able[Math.floor(Math.random() * able.length)];
    if (learner === undefined) return;
    const work = isCheat ? learner.cheat() : isWrite ? this.#complete(learner) : learner.read(this.#turn);
    this.#inFlight += 1;
    void work
      .catch((fault: unknown) => this.wrong(`${learner.id}: ${String(fault)}`))
      .finally(() => {
        this.#inFlight -= 1;
      });
  }

  async #complete(learner: Learner): Promise<void> {
    await learner.complete();
    this.#result.completions += 1;
    if (!learner.isFinished || !this.#active.includes(learner)) return;
    this.#active = this.#active.filter((one) => one !== learner);
    if (this.#finished.length < MAX_FINISHED) this.#finished.push(learner);
    await this.#enrollOne();
  }

  async #enrollOne(): Promise<void> {
    this.#born += 1;
    const id = `validation-${this.#result.startedAt.getTime().toString(36)}-${this.#born}`;
    const learner = new Learner(this.#out.url(), await this.#out.token(id), id, this.#out.school.course, this);
    if (await learner.enroll()) this.#active.push(learner);
  }

  async #happen(event: Event, result: PhaseResult): Promise<void> {
    const { school, killAndStart, say } = this.#out;
    if (event.kind === "kill" && killAndStart === null) return;
    const at = Math.round((performance.now() - this.#started) / 1_000);
    const text = event.kind === "switch" ? `read switch at ${event.percent} %` : event.kind;
    say(`${at} s: ${text}`);
    const entry = { at, text };
    result.events.push(entry);
    if (event.kind === "publish") await school.publish();
    else if (event.kind === "switch") await school.setSwitch(event.percent);
    else if (killAndStart !== null) {
      this.#forgivenUntil = Number.POSITIVE_INFINITY;
      const started = performance.now();
      await killAndStart();
      entry.text = `killed; answered again after ${((performance.now() - started) / 1_000).toFixed(1)} s`;
      this.#forgivenUntil = performance.now() + FORGIVEN_S * 1_000;
    }
  }

  async #point(result: PhaseResult, ms: number): Promise<void> {
    const recent = this.#recent;
    this.#recent = new Tally();
    result.points.push({
      at: Math.round((performance.now() - this.#started) / 1_000),
      requestsPerSecond: (recent.requests * 1_000) / ms,
      failedPerSecond: ((recent.failed + recent.underFault) * 1_000) / ms,
      readP95: recent.latencies.read.quantile(0.95),
    });
    const backlog = await this.#out.school.backlog();
    if (backlog === null) return;
    const worse = (key: keyof Backlog) => Math.max(result.worst[key], backlog[key]);
    result.worst = {
      stale: worse("stale"),
      marking: worse("marking"),
      queued: worse("queued"),
      deadLetters: worse("deadLetters"),
      divergences: worse("divergences"),
    };
  }

  async #drain(): Promise<void> {
    const started = performance.now();
    this.#out.say("waiting until nothing waits");
    while (performance.now() - started < this.#plan.drainMs) {
      const backlog = await this.#out.school.backlog();
      if (backlog !== null && backlog.stale + backlog.marking + backlog.queued === 0) {
        this.#result.drainedAfter = (performance.now() - started) / 1_000;
        return;
      }
      await sleep(1_000);
    }
  }

  async #reconcile(): Promise<void> {
    const { reconciled } = this.#result;
    const all = [...this.#finished, ...this.#active];
    this.#out.say(`looking up every promise of ${all.length} learners`);
    for (const learner of all) {
      const isRight = await learner.reconcile();
      reconciled.asked += 1;
      if (isRight === null) reconciled.unanswered += 1;
      else if (isRight) reconciled.right += 1;
      else this.wrong(`${learner.id}: at the end, the service does not know what it has acknowledged`);
    }
  }
}
