/** The public API of the courses room. */

import { readOnce } from "../platform/late.ts";

export {
  type CourseAct,
  isSecret,
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
export {
  filesOfVersions,
  type ItemShown,
  loadShown,
  MAX_WORDS,
  type Permit,
  type SearchPermit,
  searchContents,
} from "./contents.ts";
export { IMPORT_FORMATS } from "./import-formats.ts";
export type { ArchiveSource } from "./importers/archive/source.ts";
export type { Imported } from "./importers/format.ts";
export { importReportSchema } from "./importers/report.ts";
export { MAX_ITEMS } from "./max-items.ts";
export { namesOf } from "./names.ts";
export { newCourseSlugSchema } from "./new-slug.ts";
export { forgetObserver, observes } from "./observers.ts";
export { questionView, viewQuestion } from "./question.ts";
export { criterionIdSchema, type Rubric } from "./rubric.ts";
export { loadRubric } from "./stored-rubric.ts";
export { courses } from "./tables.ts";

/** What an import needs: readers of archives, checks, drafts. Loaded when it is asked for: few isolates ever import. */
export const loadImporting = /* @__PURE__ */ readOnce(() => import("./foreign.ts"));
