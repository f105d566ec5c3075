/** The public API of the courses room. */

export {
  type CourseAct,
  isStaff,
  MEMBER_ROLES,
  type MemberRole,
  may,
  mayGrade,
  mayManage,
} from "./access.ts";
export type { PublishImpact } from "./answers.ts";
export { impactSchema } from "./answers.ts";
export {
  type CourseEntry,
  type CoursePointer,
  fetchCourse,
  findCourse,
  findCourseForWrite,
  forgetCourse,
  isFresh,
  loadActiveProgram,
  loadProgram,
  MAX_MEMBERS,
  parseOutline,
  rememberedCourse,
  rememberedProgram,
  rememberProgram,
} from "./catalog.ts";
export { filesOfVersions, type ItemShown, loadContent, loadShown, type Permit } from "./contents.ts";
export { IMPORT_FORMATS } from "./import-formats.ts";
export type { ArchiveSource } from "./importers/archive/source.ts";
export type { Imported } from "./importers/format.ts";
export { importReportSchema } from "./importers/report.ts";
export { MAX_ITEMS } from "./max-items.ts";
export { newCourseSlugSchema } from "./new-slug.ts";
export { forgetObserver, observes } from "./observers.ts";
export { questionView, viewQuestion } from "./question.ts";
export { criterionIdSchema, type Rubric } from "./rubric.ts";
export { loadRubric } from "./stored-rubric.ts";
export { courses } from "./tables.ts";

/** What an import needs: readers of archives, checks, drafts. Loaded when it is asked for: few isolates ever import. */
export const loadImporting = () => import("./foreign.ts");
