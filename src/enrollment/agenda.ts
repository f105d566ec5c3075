import type { CourseEntry } from "../courses/index.ts";
import type { ReadAnswer, SnapshotInfo } from "../mirror/index.ts";
import { permitSearch } from "../mirror/index.ts";
import type { AppContext } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import { type Agenda, agendaSchema } from "../unlock/index.ts";
import { type ReadQuery, readOf, readUnlocks } from "./reads.ts";

/** What a learner plans by, and the snapshot it is from. */
export interface OwnAgenda {
  agenda: Agenda;
  snapshot: SnapshotInfo;
  /** Staff of the course asked: everything is open to them. */
  byStaff: boolean;
}

/** What the caller, or the learner they may look at, plans by. */
export async function readAgenda(c: AppContext, course: string, query: ReadQuery): Promise<Result<OwnAgenda>> {
  const read = await readUnlocks(c, course, { kind: "agenda" }, query);
  if (!read.ok) return read.refusal.code === "item_not_found" ? LATER : read;
  return agendaIn(read.value, read.value.byStaff);
}

/** The same of a learner whom nobody asks for: whoever calls this has shown that they may. */
export async function agendaOfLearner(
  c: AppContext,
  course: CourseEntry,
  user: string,
  language: Language,
): Promise<Result<OwnAgenda>> {
  const read = await readOf(c, course, user, { kind: "agenda" }, language);
  if (!read.ok) return read.refusal.code === "item_not_found" ? LATER : read;
  return agendaIn(read.value, false);
}

/** What the caller may search in just now: the texts of what is open to them, and of nothing else. */
export async function readSearchable(c: AppContext, course: string) {
  const read = await readAgenda(c, course, {});
  if (!read.ok) return read;
  const { agenda, snapshot, byStaff } = read.value;
  const permit = permitSearch({ isStaff: byStaff }, course, { agenda, snapshot });
  return permit.ok ? ok({ permit: permit.value, agenda }) : permit;
}

/** An object that still runs the release before this one knows of no agenda. */
const LATER = refuse("unavailable", { detail: "The course is being brought up to date.", retry_after: 1 });

function agendaIn(answer: ReadAnswer, byStaff: boolean): Result<OwnAgenda> {
  if (answer.unchanged || answer.content.kind !== "body") return refuse("internal");
  const agenda = agendaSchema.parse(JSON.parse(new TextDecoder().decode(answer.content.body)));
  return ok({ agenda, snapshot: answer.snapshot, byStaff });
}
