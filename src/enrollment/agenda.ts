import type { CourseEntry } from "../courses/index.ts";
import type { ReadAnswer, SnapshotInfo } from "../mirror/index.ts";
import { permitSearch } from "../mirror/index.ts";
import type { AppContext } from "../platform/http/context.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { Language } from "../platform/text.ts";
import { type Agenda, agendaSchema } from "../unlock/index.ts";
import { type ReadQuery, readOf, readUnlocks } from "./reads.ts";

/** The dates a learner plans by, and the snapshot they are from. */
export interface OwnAgenda {
  agenda: Agenda;
  snapshot: SnapshotInfo;
  /** Whether staff of the course asked: then everything is open. */
  byStaff: boolean;
}

/** The agenda of the caller, or of the learner whom the caller may see. */
export async function readAgenda(c: AppContext, course: string, query: ReadQuery): Promise<Result<OwnAgenda>> {
  const read = await readUnlocks(c, course, { kind: "agenda" }, query);
  if (!read.ok) return read.refusal.code === "item_not_found" ? LATER : read;
  return agendaIn(read.value, read.value.byStaff);
}

/** The same without a check of the caller: the code that calls this must have made it. */
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

/** What the caller may search in now: only the texts of items that are open to them. */
export async function readSearchable(c: AppContext, course: string) {
  const read = await readAgenda(c, course, {});
  if (!read.ok) return read;
  const { agenda, snapshot, byStaff } = read.value;
  const permit = permitSearch({ isStaff: byStaff }, course, { agenda, snapshot });
  return permit.ok ? ok({ permit: permit.value, agenda }) : permit;
}

/** An object that still runs the release before has no agenda. */
const LATER = refuse("unavailable", { detail: "The course is being brought up to date.", retry_after: 1 });

function agendaIn(answer: ReadAnswer, byStaff: boolean): Result<OwnAgenda> {
  if (answer.unchanged || answer.content.kind !== "body") return refuse("internal");
  const agenda = agendaSchema.parse(JSON.parse(new TextDecoder().decode(answer.content.body)));
  return ok({ agenda, snapshot: answer.snapshot, byStaff });
}
