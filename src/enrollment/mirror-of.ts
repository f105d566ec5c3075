import { MAX_ITEMS } from "../courses/index.ts";
import type { HeldScore, Mirror } from "../mirror/index.ts";
import { isCompleted, isListed, type Program } from "../unlock/index.ts";
import { certifiedIn, coursesIn, pausesIn, profileIn } from "./meta.ts";
import type { EnrollmentState } from "./state.ts";
import type { EnrollmentStore } from "./store.ts";

/** The data of an enrollment in D1, besides facts. */
export function mirrorOf({ meta, program, learner, evaluation }: EnrollmentState, store: EnrollmentStore): Mirror {
  const isKept = (index: number) => program.keeps[index] === 1;
  let open = 0;
  let completed = 0;
  let visible = 0;
  for (let item = 0; item < program.size; item += 1) {
    if (!isListed({ program, evaluation }, item)) continue;
    visible += 1;
    if (evaluation.open[item] === 1) open += 1;
    if (isCompleted(learner, item)) completed += 1;
  }
  return {
    enrollment_id: meta.id,
    status: meta.status,
    enrolled_at: meta.enrolled_at,
    withdrawn_at: meta.withdrawn_at,
    policy: JSON.stringify({
      cohorts: meta.cohorts,
      practice_mode: meta.practice_mode,
      ...profileIn(meta.profile),
      ...coursesIn(meta.courses),
      ...pausesIn(meta.pauses),
      ...certifiedIn(meta.certified_at),
      ...(meta.kept_out ? { kept_out: true } : {}),
      ...heldIn(store),
      overrides: store.policy.overrides().map(({ item, kind, created_at, expires_at, extend_to }) => ({
        item,
        kind,
        created_at,
        expires_at,
        extend_to,
      })),
    }),
    kept: JSON.stringify(keptForMirror(program, store)),
    earned: JSON.stringify(program.ids.filter((_, index) => evaluation.earned[index] === 1 && !isKept(index))),
    version: meta.version,
    progress_seq: meta.progress_seq,
    policy_seq: meta.policy_seq,
    course_version: meta.course_version,
    activation: meta.activation,
    engine: meta.engine,
    valid_until: meta.valid_until,
    computed_at: meta.computed_at,
    open_count: open,
    completed_count: completed,
    item_count: visible,
    last_active_at: meta.last_active_at,
  };
}

/** Scores that wait for their release, so that a lost object gets them back; texts of verdicts stay in the object. */
function heldIn({ held }: EnrollmentStore): { held?: HeldScore[] } {
  const all = held.all();
  if (all.length === 0) return {};
  return { held: all };
}

/**
 * The items that are kept open, in the form for D1: items of this version first, then as many others as fit. Versions
 * change for years, and a row has a limit.
 */
function keptForMirror({ indexOf }: Program, store: EnrollmentStore): string[] {
  const kept = [...store.opened.kept()];
  const present = kept.filter((item) => indexOf.has(item));
  const absent = kept.filter((item) => !indexOf.has(item));
  return [...present, ...absent.slice(0, Math.max(0, MAX_ITEMS - present.length))];
}
