import type { OverrideInput, StoredOverride } from "../mirror/index.ts";
import { OVERRIDE_KINDS, type Override, type OverrideKind, type Pauses } from "../unlock/index.ts";
import {
  type Courses,
  coursesOf,
  coursesText,
  type Meta,
  type Profile,
  pausesOf,
  pausesText,
  profileOf,
  profileText,
  stringList,
} from "./meta.ts";

type OverrideRow = Record<string, SqlStorageValue> & {
  item: string;
  kind: string;
  actor: string;
  reason: string;
  created_at: number;
  expires_at: number | null;
  extend_to: number | null;
  since: number | null;
};

/** The settings by staff for the learner: overrides, and the policy at each time. */
export class PolicyStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Overrides in place now, or at an instant; the evaluator handles expired ones. */
  overrides(at: number | null = null): StoredOverride[] {
    const rows =
      at === null
        ? this.#sql.exec<OverrideRow>("SELECT * FROM overrides WHERE removed_at IS NULL ORDER BY id")
        : this.#sql.exec<OverrideRow>(
            "SELECT * FROM overrides WHERE created_at <= ? AND (removed_at IS NULL OR removed_at > ?) ORDER BY id",
            at,
            at,
          );
    return rows.toArray().flatMap((row) => {
      const kind = overrideKind(row.kind);
      return kind === null ? [] : [toOverride(row, kind)];
    });
  }

  /** Ends the overrides of one item, of one kind or of all. */
  removeOverrides(item: string, kind: OverrideKind | null, now: number, actor: string): void {
    this.#sql.exec(
      `UPDATE overrides SET removed_at = ?1, removed_by = ?2
       WHERE item = ?3 AND removed_at IS NULL AND (?4 IS NULL OR kind = ?4)`,
      now,
      actor,
      item,
      kind,
    );
  }

  /** @param since from when it counts, if it replaces one that counted before. */
  addOverride(input: OverrideInput, now: number, actor: string, since: number | null = null): void {
    this.#sql.exec(
      `INSERT INTO overrides (item, kind, actor, reason, created_at, expires_at, extend_to, since)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      input.item,
      input.kind,
      actor,
      input.reason,
      now,
      input.expires_at,
      input.extend_to,
      since,
    );
  }

  /** Notes the present policy, and the reason, if staff gave one. */
  log(meta: Meta, now: number, actor: string, reason: string | null = null): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO policy_log (seq, at, actor, cohorts, practice_mode, enrolled_at, reason, profile, courses, pauses)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      meta.policy_seq,
      now,
      actor,
      JSON.stringify(meta.cohorts),
      meta.practice_mode ? 1 : 0,
      meta.enrolled_at,
      reason,
      profileText(meta.profile),
      coursesText(meta.courses),
      pausesText(meta.pauses),
    );
  }

  /** The policy at an instant; `enrolled_at` is null if nothing was logged by then. */
  at(at: number): {
    cohorts: string[];
    practice_mode: boolean;
    enrolled_at: number | null;
    profile: Profile;
    courses: Courses;
    pauses: Pauses | null;
  } {
    const row = this.#sql
      .exec<{
        cohorts: string;
        practice_mode: number;
        enrolled_at: number | null;
        profile: string | null;
        courses: string | null;
        pauses: string | null;
      }>(
        "SELECT cohorts, practice_mode, enrolled_at, profile, courses, pauses FROM policy_log WHERE at <= ? ORDER BY seq DESC LIMIT 1",
        at,
      )
      .toArray()[0];
    return {
      cohorts: stringList(row?.cohorts ?? "[]"),
      practice_mode: row?.practice_mode === 1,
      enrolled_at: row?.enrolled_at ?? null,
      profile: profileOf(row?.profile ?? null),
      courses: coursesOf(row?.courses ?? null),
      pauses: pausesOf(row?.pauses ?? null),
    };
  }

  /** Overrides in place, by number. */
  overrideCount(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM overrides WHERE removed_at IS NULL").one().n;
  }
}

function toOverride(row: OverrideRow, kind: OverrideKind): StoredOverride {
  const { item, actor, reason, expires_at, extend_to } = row;
  const created_at = row.since ?? row.created_at;
  return { item, kind, actor, reason, created_at, expires_at, extend_to } satisfies StoredOverride & Override;
}

function overrideKind(text: string): OverrideKind | null {
  return OVERRIDE_KINDS.find((kind) => kind === text) ?? null;
}
