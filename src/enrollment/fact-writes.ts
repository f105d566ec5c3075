// Over 350 lines: every way in which a fact is recorded, held, released or revoked shares its merging and its log.

import type {
  ActorRef,
  Adoption,
  FactOutcome,
  NewFact,
  ProjectedFact,
  RecordAnswer,
  RecordRequest,
  WriteAnswer,
} from "../mirror/index.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import { type Delta, type How, mergeFact, NO_FACT, percentOf, sameFact } from "../unlock/index.ts";
import type { StoredFact } from "./fact-store.ts";
import { refuseMark } from "./marking.ts";
import type { ReleaseAnswer, ReleaseRequest, RevokeRequest } from "./requests.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";
import { factOf } from "./submission-fact.ts";
import type { WriteTools } from "./write-tools.ts";

/** Score of a completion without a score: the item was done, so it was done fully. Chapters have no score. */
const FULL_SCORE = 100;

/** Records, corrects, revokes and restores facts. Called inside the object's transaction. */
export class FactWrites {
  readonly #tools: WriteTools;
  readonly #state: EnrollmentState;
  readonly #store: EnrollmentStore;

  constructor(tools: WriteTools) {
    this.#tools = tools;
    this.#state = tools.state;
    this.#store = tools.store;
  }

  /** Records what the learner did. Locked items are refused unless it happened elsewhere. */
  record(request: RecordRequest, now: number): Result<RecordAnswer> {
    if (request.mode === "own") {
      for (const fact of request.facts) {
        const refusal = this.#tools.refuseLocked(fact.item, request, now);
        // A hidden problem gets the same answer as a missing one, so this comes first.
        if (refusal?.refusal.code === "item_not_found") return refusal;
        const index = this.#state.program.indexOf.get(fact.item) ?? 0;
        const isProblem = index >= this.#state.program.chapterCount;
        if (request.chapters_only && isProblem && (this.#state.program.completion?.asked[index] ?? null) === null) {
          return refuse("item_not_found", { detail: "This is not a chapter; a problem is completed by a submission." });
        }
        if (refusal !== null) return refusal;
        const unmarked = refuseMark({ ...this.#state.view(now), zone: request.zone ?? null }, index, request.language);
        if (unmarked !== null) return unmarked;
      }
    }
    const changed = new Set<string>();
    let replaced: { rests: Set<number> } | null = null;
    // An import says that the item is complete, the learner only that it was done.
    const how: How = request.mode === "own" ? "marked" : "told";
    const outcomes = request.facts.map((one): FactOutcome => {
      const fact: NewFact = { ...one, how: isDone(one) ? how : null };
      const { correct = false } = fact;
      if (fact.held === true) return this.hold(fact, now, request.actor);
      if (correct) this.#tools.showHeld(fact.item, now);
      const outcome = this.#take(fact, now, request.actor);
      if (outcome !== "recorded" && outcome !== "waiting") return outcome;
      changed.add(fact.item);
      if (correct) {
        replaced ??= { rests: new Set() };
        if (fact.relock === true && outcome === "waiting") this.#tools.relockWhatRestsOn(fact.item, now);
        else if (fact.relock === true) for (const index of this.#tools.restingOn(fact.item)) replaced.rests.add(index);
      }
      return outcome;
    });
    this.#settle(changed, now, replaced);
    // It also counts on locked items, so it is nothing a learner could have done.
    if (request.mode === "import" && changed.size > 0) {
      const { id, progress_seq } = this.#state.meta;
      const [item, ...others] = changed;
      const target = item !== undefined && others.length === 0 ? item : id;
      this.#tools.audit(request.actor, "progress.imported", target, now, { entries: changed.size, progress_seq });
    }
    return ok({ ...this.#tools.answer(), outcomes });
  }

  #take(fact: NewFact, now: number, actor: ActorRef): FactOutcome {
    if (fact.release === true) return this.#release(fact.item, now, actor);
    return fact.correct === true ? this.#correct(fact, now, actor) : this.#merge(fact, now, actor.id);
  }

  /**
   * Keeps a fact until it is released. It replaces another held one of the same item. Nothing that a learner could see
   * changes: no sequence, no version.
   */
  hold({ held: _held, ...fact }: NewFact, now: number, actor: ActorRef): FactOutcome {
    const { item } = fact;
    if (this.#tools.kindOf(item) === null) return "item_not_found";
    const known = this.#store.held.of(item);
    if (known !== null && JSON.stringify(known.fact) === JSON.stringify(fact)) return "unchanged";
    if (known === null && !this.#store.held.hasRoom()) return "held_limit";
    this.#store.held.put({ item, fact, held_at: now, actor: actor.id });
    this.#state.save(now);
    this.#tools.audit(actor, "progress.held", item, now, { item });
    return "held";
  }

  /**
   * The held fact of an item counts from now on, as if it had happened now: a waiting period that it starts begins now.
   * If the verdicts of several tries were held, each counts in its order: the best score and the latest are among them.
   * Facts held from before a revocation of the item are shown, and do not count.
   */
  #release(item: string, now: number, actor: ActorRef): FactOutcome {
    const known = this.#store.held.of(item);
    if (known === null) return "unchanged";
    // The held fact has its score even if a lost object got the submission back without one.
    const { at, score = null } = known.fact;
    const found = at === null ? new Set<string>() : this.#store.submissions.restoreHeld(item, at, score);
    const revokedAt = this.#state.facts.get(item)?.revoked_at ?? Number.NEGATIVE_INFINITY;
    const facts = this.#tools
      .showHeld(item, now)
      .filter(({ judged_at }) => judged_at === null || judged_at > revokedAt)
      .map((submission) => (found.has(submission.id) ? known.fact : factOf(submission)));
    const isAmong = facts.some((fact) => fact === known.fact || fact.at === at);
    if (!isAmong && known.held_at > revokedAt) facts.push(known.fact);
    const outcomes = facts.map((fact, place) =>
      this.#merge({ ...fact, at: now - (facts.length - 1 - place) }, now, actor.id),
    );
    const outcome = outcomes.find((one) => one === "recorded") ?? outcomes.at(-1) ?? "unchanged";
    const { progress_seq } = this.#state.meta;
    this.#tools.audit(actor, "progress.released", item, now, { item, progress_seq });
    if (outcome !== "recorded" && outcome !== "waiting") this.#state.save(now);
    return outcome;
  }

  /** Releases the held facts of some items, or all, in one commit: they count together. */
  releaseHeld({ items, actor }: ReleaseRequest, now: number): Result<ReleaseAnswer> {
    const held = this.#store.held.all().filter(({ item }) => items === null || items.includes(item));
    const changed = new Set<string>();
    for (const { item } of held) {
      const outcome = this.#release(item, now, actor);
      if (outcome === "recorded" || outcome === "waiting") changed.add(item);
    }
    this.#settle(changed, now);
    return ok({ ...this.#tools.answer(), released: held.map(({ item }) => item) });
  }

  /** Revokes everything the learner did with one item. */
  revoke(request: RevokeRequest, now: number): Result<WriteAnswer> {
    const { item, relock = false } = request;
    const old = this.#state.facts.get(request.item);
    if (old === undefined) {
      return refuse("item_not_found", { detail: "The learner has done nothing with this item." });
    }
    const held = this.#store.held.of(item);
    const isDone = sameFact(old, NO_FACT) && (held === null || held.held_at <= (old.revoked_at ?? 0));
    // A held verdict stays hidden until its release, and then does not count.
    if (held !== null && !this.#store.submissions.holds(item)) this.#store.held.remove(item);
    if (!isDone) {
      this.#state.meta.progress_seq += 1;
      const seq = this.#state.meta.progress_seq;
      this.#store.facts.logRevocation(seq, item, now, request.actor.id, request.reason);
      this.#saveFact(item, { ...NO_FACT, revoked_at: now, seq }, now);
      this.#store.opened.release([item], now);
    }
    const hasRelocked = relock && this.#tools.relockWhatRestsOn(item, now);
    // A revocation without a relock may be followed by the relock: then only that is done.
    if (isDone && !hasRelocked) return ok(this.#tools.answer());
    // Everything that the item opened may lock again, so everything is evaluated.
    this.#state.refresh("progress", now);
    const { progress_seq } = this.#state.meta;
    this.#tools.audit(request.actor, "progress.revoked", item, now, {
      item,
      progress_seq,
      ...(relock ? { relock } : {}),
    });
    return ok(this.#tools.answer());
  }

  /**
   * Notes that the learner has opened an item, if a rule asks for it: only once.
   * @returns whether anything changed.
   */
  open(item: string, actor: string, now: number): boolean {
    const { program, learner, evaluation } = this.#state;
    const index = program.indexOf.get(item) ?? -1;
    const isOpen = evaluation.open[index] === 1 && evaluation.visible[index] === 1;
    if (program.watched[index] !== 1 || !isOpen || !Number.isNaN(learner.viewedAt[index] ?? 0)) return false;
    this.recordOne({ item, completed: false, score: null, at: null, viewed: true }, actor, now);
    return true;
  }

  /** Records one fact, with its consequences. */
  recordOne(fact: NewFact, actor: string, now: number): void {
    const outcome = this.#merge(fact, now, actor);
    const isChange = outcome === "recorded" || outcome === "waiting";
    this.#settle(new Set(isChange ? [fact.item] : []), now);
  }

  /**
   * A verdict was changed: the facts of the item are made again, from its submissions with their present verdicts and
   * from facts that came in another way. Revoked facts stay revoked.
   * @param judged a fact for each submission, oldest first.
   * @param relock items that depended on the earlier facts lock again, unless the rules open them now.
   */
  judgedAnew(item: string, judged: readonly NewFact[], relock: boolean, actor: string, now: number): void {
    const kind = this.#tools.kindOf(item);
    const old = this.#state.facts.get(item) ?? { ...NO_FACT, revoked_at: null, seq: 0 };
    if (kind === null) return;
    const { facts } = this.#store;
    const others = facts.notSubmitted(item, new Set(judged.map(({ at }) => at ?? now)));
    const live = this.#isGraded(item);
    let next = NO_FACT;
    const told: (NewFact & { at: number; live: boolean })[] = [];
    for (const fact of [...others, ...judged]) {
      // The log has the score that it was given then.
      const score = others.includes(fact) ? fact.score : this.#scoreOf(fact, kind === "problem");
      const news = { ...fact, completed: isDone(fact), score, at: fact.at ?? now, live };
      const merged = mergeFact(next, news);
      if (others.includes(fact) || !sameFact(next, merged)) told.push(news);
      next = merged;
    }
    if (sameFact(old, next)) return;
    const { meta } = this.#state;
    meta.progress_seq += 1;
    facts.logRevocation(meta.progress_seq, item, now, actor, "judged anew");
    for (const news of told) {
      meta.progress_seq += 1;
      facts.log(meta.progress_seq, news, now, actor);
    }
    this.#saveFact(item, { ...next, revoked_at: old.revoked_at, seq: meta.progress_seq }, now);
    const rests = relock ? this.#tools.restingOn(item) : new Set<number>();
    this.#settle(new Set([item]), now, { rests });
  }

  /** Takes facts from the mirror in D1: they are merged, and sequences only grow. */
  adopt({ mirror, pointer, program }: Adoption, now: number): Delta {
    const { meta } = this.#state;
    const isEmpty = meta.version === 0;
    for (const fact of mirror.facts) {
      const known = this.#state.facts.get(fact.item);
      if (known !== undefined && known.seq >= fact.seq) continue;
      const { item, ...stored } = fact;
      this.#saveFact(item, stored, now);
      this.#logRestored(fact);
    }
    meta.progress_seq = Math.max(meta.progress_seq, mirror.progress_seq);
    if (isEmpty) {
      const { policy } = mirror.record;
      meta.version = mirror.version;
      meta.status = mirror.status;
      meta.withdrawn_at = mirror.withdrawn_at;
      meta.kept_out = mirror.kept_out ?? false;
      meta.policy_seq = mirror.policy_seq;
      meta.cohorts = [...policy.cohorts];
      meta.practice_mode = policy.practice_mode;
      meta.profile = policy.profile ?? {};
      meta.courses = policy.courses ?? {};
      meta.pauses = policy.pauses ?? null;
      meta.certified_at = mirror.certified_at ?? null;
      for (const held of mirror.held ?? []) this.#store.held.put(held);
      this.#store.policy.log(meta, now, "rebuild");
      for (const { item, kind, created_at, expires_at, extend_to } of policy.overrides) {
        const input = { item, kind, reason: "restored from D1", expires_at, extend_to };
        this.#store.policy.addOverride(input, created_at, "rebuild");
      }
      // Continue at the activation that D1 last saw, so that moving on applies grandfather or relock correctly.
      const isBehind = mirror.activation < pointer.activation;
      meta.activation = isBehind ? mirror.activation : pointer.activation - 1;
      this.#store.opened.keep([...mirror.record.opened, ...(isBehind ? mirror.earned : [])], now);
      const target = isBehind ? pointer : { ...pointer, last_relock: 0 };
      return this.#state.refresh("enrollment", now, { pointer: target, program }, mirror.version === 0);
    }
    return this.#state.refresh("stale", now, { pointer, program });
  }

  /**
   * Merges one fact into the store and the log. A fact about an item that this version does not have waits for the
   * item's return.
   */
  #merge(fact: NewFact, now: number, actor: string): FactOutcome {
    const kind = this.#tools.kindOf(fact.item);
    if (kind === null) return "item_not_found";
    const old: StoredFact = this.#state.facts.get(fact.item) ?? { ...NO_FACT, revoked_at: null, seq: 0 };
    // A present fact comes after any revocation, even within the same millisecond.
    const at = fact.at ?? Math.max(now, (old.revoked_at ?? 0) + 1);
    if (old.revoked_at !== null && at <= old.revoked_at) return "superseded";
    const isProblem = kind === "problem";
    const score = this.#scoreOf(fact, isProblem);
    const news = { ...fact, completed: isDone(fact), score, at, live: this.#isGraded(fact.item) };
    const merged = mergeFact(old, news);
    if (sameFact(old, merged)) return "unchanged";
    this.#state.meta.progress_seq += 1;
    const seq = this.#state.meta.progress_seq;
    this.#store.facts.log(seq, news, now, actor);
    this.#saveFact(fact.item, { ...merged, revoked_at: old.revoked_at, seq }, now);
    // Derived completions are counted where they are derived.
    const { completion, indexOf } = this.#state.program;
    const isDerived = (completion?.asked[indexOf.get(fact.item) ?? -1] ?? null) !== null;
    if (!isDerived && old.completed_at === null && merged.completed_at !== null) {
      this.#state.commitTally[isProblem ? "problems" : "chapters"] += 1;
    }
    return this.#state.program.indexOf.has(fact.item) ? "recorded" : "waiting";
  }

  /**
   * One fact, with its own date, replaces all recorded facts of the item. The earlier facts stay revoked: if they are
   * sent again, they are superseded. The same correction again changes nothing.
   */
  #correct(fact: NewFact, now: number, actor: ActorRef): FactOutcome {
    const { item } = fact;
    const kind = this.#tools.kindOf(item);
    if (kind === null) return "item_not_found";
    const old: StoredFact = this.#state.facts.get(item) ?? { ...NO_FACT, revoked_at: null, seq: 0 };
    const at = fact.at ?? now;
    const score = this.#scoreOf(fact, kind === "problem");
    const news = { ...fact, completed: isDone(fact), score, at, live: this.#isGraded(item) };
    const next = mergeFact(NO_FACT, news);
    if (sameFact(old, next) || this.#store.facts.isLastCorrection(news)) return "unchanged";
    const { meta } = this.#state;
    let { revoked_at } = old;
    if (!sameFact(old, NO_FACT)) {
      meta.progress_seq += 1;
      this.#store.facts.logRevocation(meta.progress_seq, item, now, actor.id, "corrected");
      revoked_at = now;
    }
    meta.progress_seq += 1;
    const seq = meta.progress_seq;
    this.#store.facts.log(seq, news, now, actor.id);
    this.#saveFact(item, { ...next, revoked_at, seq }, now);
    const relocked = fact.relock === true ? { relock: true } : {};
    this.#tools.audit(actor, "progress.corrected", item, now, { item, progress_seq: seq, ...relocked });
    return this.#state.program.indexOf.has(item) ? "recorded" : "waiting";
  }

  /**
   * The percentage of an attempt. A problem that was done without a score was done fully, except on a platform that
   * distinguishes done from graded, and except if the item has a completion requirement.
   */
  #scoreOf(fact: NewFact, isProblem: boolean): number | null {
    const { score, points = null } = fact;
    if (points !== null) return percentOf(points);
    const { completion, indexOf, outline } = this.#state.program;
    const { source } = outline;
    const isApart =
      (source !== undefined && source.platform !== "exercism") ||
      fact.how === "marked" ||
      fact.without_score === true ||
      (completion?.asked[indexOf.get(fact.item) ?? -1] ?? null) !== null;
    return score ?? (isDone(fact) && isProblem && !isApart ? FULL_SCORE : null);
  }

  /** Whether something depends on the item's current grade. */
  #isGraded(item: string): boolean {
    const { graded, indexOf } = this.#state.program;
    return graded[indexOf.get(item) ?? -1] === 1;
  }

  #saveFact(item: string, fact: StoredFact, now: number): void {
    this.#state.facts.set(item, fact);
    this.#store.facts.save(item, fact);
    this.#tools.outbox.add("fact", item, now);
  }

  /**
   * The log of a lost object, as far as the mirror knows it: each item's last state, at the instant when it happened.
   */
  #logRestored(fact: ProjectedFact): void {
    const at = fact.completed_at ?? fact.attempted_at ?? fact.viewed_at ?? null;
    if (at === null || this.#store.facts.hasLogged(fact.seq)) return;
    const { points = null, points_min: min = null, points_max: max = null, outcome = null } = fact;
    const told = points === null || min === null || max === null ? null : { points, min, max };
    const news = { item: fact.item, completed: fact.completed_at !== null, score: fact.best_score, at };
    const rest = {
      viewed: (fact.viewed_at ?? null) !== null,
      submitted: (fact.submitted_at ?? null) !== null,
      contributed: (fact.contributed_at ?? null) !== null,
      how: howOf(fact),
    };
    this.#store.facts.log(fact.seq, { ...news, ...rest, outcome, points: told }, at, "rebuild");
  }

  /** Evaluates after a write. Nothing changed: no bump, no event. */
  #settle(changed: ReadonlySet<string>, now: number, replaced: { rests: Set<number> } | null = null): void {
    if (changed.size === 0) return;
    if (this.#state.meta.status === "withdrawn") {
      // Recorded now, and evaluated when the learner returns: nothing opens or is announced for a learner who has left.
      this.#state.meta.version += 1;
      this.#state.save(now);
      return;
    }
    this.#state.meta.last_active_at = now;
    this.#state.applyFacts([...changed], now, replaced);
  }
}

/** How a completion in D1 came about, as far as one entry can say it. */
function howOf({ told_at = null, marked_at = null, passed_at = null }: ProjectedFact): How | null {
  if (told_at !== null) return "told";
  if (marked_at !== null) return "marked";
  return passed_at === null ? null : "passed";
}

/** A passed item was also done. */
function isDone({ completed, outcome }: NewFact): boolean {
  return completed || outcome === "passed";
}
